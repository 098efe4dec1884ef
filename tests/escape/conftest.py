"""Running attacks in a sandbox of each isolating backend, and in a cell of a sandbox."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from loopwright.sandbox import Command, Mount, Outcome, ResourceLimits, SandboxSpec, open_sandbox, require

Attack = Callable[..., Outcome]
PYTHON = os.path.realpath(sys.executable)
PACKAGE = Path(__file__).parents[2] / "src" / "loopwright"
# In a cell: the runner starts one, prints what came out of it, and says whether it itself was harmed.
RUNNER = """
import os, sys
sys.path.insert(0, "/run/loopwright/package")
from loopwright.sandbox.cell import CellLimits, run_in_cell
os.makedirs("case", exist_ok=True)
os.makedirs("hidden", exist_ok=True)
with open("hidden/secret", "w") as file:
    file.write("planted-secret")
limits = CellLimits(**eval(sys.argv[1]))
outcome = run_in_cell([sys.executable, "-I", "-S", *sys.argv[2:]], writable=["/workspace/case"],
                      hidden=["/workspace/hidden"], workdir="/workspace/case", env={"PATH": os.environ["PATH"]},
                      limits=limits)
sys.stdout.buffer.write(outcome.stdout)
sys.stderr.buffer.write(outcome.stderr)
print("timed out" if outcome.timed_out else "", "RUNNER FINE")
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture(params=["bwrap", "bwrap nested", "cell"])
def place(request: pytest.FixtureRequest) -> str:
    """Where attacks run: every isolating way that we offer."""
    require("bwrap")
    return str(request.param)


@pytest.fixture
def attack(place: str, workspace: Path) -> Attack:
    """Run a function of attacks.py. Keyword arguments are limits."""

    def attack(name: str, *arguments: str, env: dict[str, str] | None = None, **limits: Any) -> Outcome:
        mounts = (
            Mount(workspace, "/workspace", writable=True),
            Mount(Path(__file__).with_name("attacks.py"), "/run/attacks.py"),
            Mount(PACKAGE, "/run/loopwright/package/loopwright"),
        )
        sandbox = open_sandbox("bwrap", SandboxSpec(mounts=mounts, nested=place != "bwrap"))
        argv = ["/run/attacks.py", name, *arguments]
        seconds = limits.get("wall_seconds", 60.0)
        if place == "cell":
            inner = {"wall_seconds": seconds, **{key: limits[key] for key in limits if key != "wall_seconds"}}
            argv = ["-c", RUNNER, repr(inner), *argv]
            seconds += 30
            limits = {}
        whole = ResourceLimits(**{**limits, "wall_seconds": seconds})
        return anyio.run(sandbox.run, Command((PYTHON, "-I", "-S", *argv), env=env or {}, limits=whole))

    return attack


@pytest.fixture
def secret() -> Iterator[Path]:
    """A file in the real home folder."""
    path = Path.home() / f".loopwright-escape-{os.getpid()}"
    path.write_text("planted-secret")
    yield path
    path.unlink()
