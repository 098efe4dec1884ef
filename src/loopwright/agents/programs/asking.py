"""Asking a program for its version, and remembering the answer while the file stays the same."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import msgspec

from loopwright.agents.programs.places import cache_file
from loopwright.base import MachineError, atomic_write, one_line

__all__ = ["version_of"]

_SECONDS = 20.0
_MOST_OUTPUT = 1 << 16
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)*(?:-[0-9A-Za-z.]+)?")
_MOST_REMEMBERED = 200


def version_of(program: Path, launcher: tuple[str, ...] = ()) -> str:
    """What the program says to `--version`; asked again only when the file has changed.

    Args:
        program: A file that can be run, or that `launcher` runs.
        launcher: Comes before it in the command (`node`).

    Raises:
        MachineError: It does not start, does not end within 20 s, fails, or names no version.
    """
    try:
        status = program.stat()
    except OSError as error:
        raise MachineError(f"{program} cannot be read: {error.strerror}.") from None
    key = f"{program}|{status.st_mtime_ns}|{status.st_size}"
    known = _remembered()
    if key not in known:
        known[key] = _ask(program, launcher)
        _remember(known)
    return known[key]


def _ask(program: Path, launcher: tuple[str, ...]) -> str:
    try:
        said, code = _run([*launcher, str(program), "--version"])
    except OSError as error:
        raise MachineError(f"{program} cannot be started: {error.strerror}.") from None
    if code is None:
        raise MachineError(f"{program} did not answer to --version within {_SECONDS:.0f} s.")
    if code != 0:
        raise MachineError(f"{program} fails at its start ({_ending(code)}): {_last_line(said)}")
    match = _VERSION.search(said)
    if match is None:
        raise MachineError(f"{program} names no version: {_last_line(said)}")
    return match.group()


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return one_line(lines[-1], 160) if lines else "it printed nothing"


def _run(argv: list[str]) -> tuple[str, int | None]:
    """Output of both streams, cut, and the exit code; None where it had to be killed."""
    with tempfile.TemporaryDirectory(prefix="loopwright-version-") as home:
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8"}
        process = subprocess.Popen(
            argv,
            env=environment,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return _read(process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def _read(process: subprocess.Popen[bytes]) -> tuple[str, int | None]:
    assert process.stdout is not None
    deadline = time.monotonic() + _SECONDS
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            if not selector.select(min(left, 0.2)):
                if process.poll() is not None:
                    break  # it is gone, and something that it started keeps the pipe
                continue
            chunk = os.read(process.stdout.fileno(), 1 << 14)
            if not chunk:
                break
            said = (said + chunk)[-_MOST_OUTPUT:]
    try:
        code: int | None = process.wait(max(deadline - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        code = None
    return said.decode("utf-8", "replace"), code


def _remembered() -> dict[str, str]:
    try:
        return msgspec.json.decode(cache_file().read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}


def _remember(known: dict[str, str]) -> None:
    newest = dict(list(known.items())[-_MOST_REMEMBERED:])
    # A cache that cannot be written only costs time.
    with contextlib.suppress(OSError):
        cache_file().parent.mkdir(parents=True, exist_ok=True)
        atomic_write(cache_file(), msgspec.json.encode(newest))
