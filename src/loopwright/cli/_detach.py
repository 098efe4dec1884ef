"""Running in the background: a real process of its own session, which outlives the terminal.

The parent waits until the child has recorded its first event (or has died and said why), prints the banner, and
goes. The child writes what it would print into the run's log.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from loopwright.base import LoopwrightError
from loopwright.cli._foreground import banner

if TYPE_CHECKING:
    from loopwright.record import RunDir, RunStarted
    from loopwright.trajectory import RunOptions

__all__ = ["detached_child", "start_detached"]

_PATIENCE_SECONDS = 60.0


def start_detached(options: RunOptions) -> int:
    """Start the run in a process of its own; returns once it has begun, with exit code 0.

    Raises:
        LoopwrightError: The child died before its run had begun; its words are passed on.
    """
    from loopwright.record import RunDir
    from loopwright.trajectory import make_plan

    make_plan(options)  # what is wrong is said here, in this terminal
    chosen = msgspec.structs.replace(options, trajectory_id=options.trajectory_id or str(uuid.uuid4()))
    rundir = RunDir(chosen.home, str(chosen.trajectory_id))
    if rundir.path.exists():
        RunDir.create(chosen.home, rundir.id)  # says that there is one
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "loopwright.cli._detach", _encode(chosen)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        first = _wait_for_beginning(rundir, child)
        if first is None:
            log.seek(0)
            sys.stderr.write(log.read().decode("utf-8", "replace"))
            return child.wait()
    banner(first)
    click.echo(f"detached as process {child.pid}; watch it with: loopwright attach {rundir.id[:8]}")
    return 0


def _wait_for_beginning(rundir: RunDir, child: subprocess.Popen[bytes]) -> RunStarted | None:
    from loopwright.trajectory import started_event

    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        if rundir.journal.exists() and rundir.log.exists():
            return started_event(rundir)
        time.sleep(0.05)
    if child.poll() is None:
        child.terminate()
        raise LoopwrightError(f"The background process did not begin within {_PATIENCE_SECONDS:.0f} s.")
    return None


def _encode(options: RunOptions) -> str:
    plain = {name: getattr(options, name) for name in options.__struct_fields__}
    return msgspec.json.encode({**plain, "task": str(options.task), "home": str(options.home)}).decode()


def _decode(text: str) -> RunOptions:
    from loopwright.record import Limits
    from loopwright.trajectory import RunOptions

    plain = msgspec.json.decode(text)
    plain["limits"] = msgspec.convert(plain["limits"], Limits)
    return RunOptions(**{**plain, "task": Path(plain["task"]), "home": Path(plain["home"])})


def _into_log(rundir: RunDir, first: RunStarted) -> None:
    """From now on, standard output and error are the run's log."""
    descriptor = os.open(rundir.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    sys.stdout.flush()
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def detached_child(text: str) -> int:
    """What the child process does."""
    from loopwright.cli._foreground import run_here

    return run_here(_decode(text), plain=True, on_start=_into_log)


if __name__ == "__main__":
    from loopwright.cli.app import run_command

    run_command(lambda: detached_child(sys.argv[1]))
