"""Finds out which tests an environment.py declares, without letting its code into this process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
from msgspec import Struct

from loopwright.base import UsageError

__all__ = ["Declared", "Plan", "list_tests"]

RUNNER = Path(__file__).parent / "_runner.py"
_SECONDS = 60.0
_MEMORY_BYTES = 4 << 30


class Declared(Struct, frozen=True, array_like=True):
    """One declared test; `timeout` in seconds where it sets its own."""

    id: str
    suite: str
    timeout: float | None = None


class Plan(Struct, frozen=True, tag="plan", tag_field="type"):
    """The runner's first line: every test that environment.py declares."""

    tests: tuple[Declared, ...]


class Broken(Struct, frozen=True, tag="broken", tag_field="type"):
    """The runner's only line where environment.py cannot be loaded."""

    error: str
    where: str


_decoder: msgspec.json.Decoder[Plan | Broken] = msgspec.json.Decoder(Plan | Broken)


def list_tests(environment: Path) -> tuple[Declared, ...]:
    """List the tests that a task's environment.py declares, in a process of its own.

    Raises:
        UsageError: The file cannot be loaded, declares no test, or declares them wrongly.
    """
    request = {"mode": "list", "environment": str(environment), "memory_bytes": _MEMORY_BYTES}
    with tempfile.TemporaryFile() as errors:
        output = _run(environment, json.dumps(request).encode(), errors.fileno())
        errors.seek(max(errors.seek(0, os.SEEK_END) - 2000, 0))
        printed = errors.read().decode("utf-8", "replace").strip()
    try:
        answer = _decoder.decode(output)
    except (msgspec.DecodeError, UnicodeDecodeError):
        detail = f" It printed: {printed}" if printed else ""
        raise UsageError(
            f"the file ended the process before its tests could be listed.{detail}", where=str(environment)
        ) from None
    if isinstance(answer, Broken):
        raise UsageError(f"the tests cannot be listed: {answer.error}", where=answer.where)
    return answer.tests


def _run(environment: Path, request: bytes, errors: int) -> bytes:
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(RUNNER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        cwd="/",
        env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
        start_new_session=True,
    )
    try:
        return process.communicate(request, timeout=_SECONDS)[0]
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"listing the tests took more than {_SECONDS:g} s",
            where=str(environment),
            remedy="Read test data when a test runs, not when the file is loaded.",
        ) from None
    finally:
        # Also what it may have left in the background.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
