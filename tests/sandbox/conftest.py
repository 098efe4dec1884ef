"""A sandbox of each backend over a workspace of its own."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from loopwright.sandbox import Command, Mount, Outcome, ResourceLimits, Sandbox, SandboxSpec, open_sandbox

Run = Callable[..., Outcome]


@pytest.fixture(params=["bwrap", "host"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def sandbox(backend: str, workspace: Path) -> Sandbox:
    return open_sandbox(backend, SandboxSpec(mounts=(Mount(workspace, "/workspace", writable=True),)))


@pytest.fixture
def run(sandbox: Sandbox) -> Run:
    """Run a shell line (or an argv) in the sandbox; keyword arguments are limits."""

    def run(line: str | tuple[str, ...], stdin: bytes = b"", **limits: Any) -> Outcome:
        argv = ("/bin/sh", "-c", line) if isinstance(line, str) else line
        command = Command(argv, stdin=stdin, limits=ResourceLimits(**{"wall_seconds": 60.0, **limits}))
        return anyio.run(sandbox.run, command)

    return run


@pytest.fixture
def mark() -> str:
    """A number of seconds for `sleep` that no other test uses: it finds the process again."""
    return f"{1000 + os.getpid()}.{time.monotonic_ns()}"


@pytest.fixture
def alive(mark: str) -> Callable[[], list[int]]:
    """Find the machine's processes `sleep MARK`."""

    def alive() -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if (entry / "cmdline").read_bytes().split(b"\0")[:2] == [b"sleep", mark.encode()]:
                        found.append(int(entry.name))
        return found

    return alive
