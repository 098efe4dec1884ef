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
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from loopwright.base import LoopwrightError
from loopwright.cli._foreground import banner
from loopwright.record import Limits

if TYPE_CHECKING:
    from loopwright.record import RunDir, RunStarted
    from loopwright.trajectory import RunOptions

__all__ = ["detached_child", "fork_detached", "resume_detached", "start_detached"]

_PATIENCE_SECONDS = 60.0


def start_detached(options: RunOptions) -> int:
    """Start the run in a process of its own; returns once it has begun, with exit code 0.

    Raises:
        LoopwrightError: The child died before its run had begun; its words are passed on.
    """
    from loopwright.trajectory import make_plan

    make_plan(options)  # what is wrong is said here, in this terminal
    return _start(options, _Job())


def fork_detached(parent: RunDir, part: int | None, options: RunOptions) -> int:
    """Start the fork in a process of its own; returns once it has begun, with exit code 0.

    Raises:
        LoopwrightError: It cannot start, or the child died before it had begun.
    """
    from loopwright.trajectory import plan_fork

    _, inheritance = plan_fork(parent, part, options)
    return _start(options, _Job(parent=parent.id, part=inheritance.part))


def _start(options: RunOptions, job: _Job) -> int:
    from loopwright.record import RunDir

    chosen = msgspec.structs.replace(options, trajectory_id=options.trajectory_id or str(uuid.uuid4()))
    rundir = RunDir(chosen.home, str(chosen.trajectory_id))
    if rundir.path.exists():
        RunDir.create(chosen.home, rundir.id)  # says that there is one
    job = msgspec.structs.replace(job, start=_encode(chosen))
    return _in_background(rundir, job, lambda: rundir.journal.exists() and rundir.log.exists())


def resume_detached(rundir: RunDir, limits: Limits) -> int:
    """Go on with the run in a process of its own; returns once that has taken over, with exit code 0.

    Raises:
        LoopwrightError: The run cannot be resumed, or the child died before it had taken over.
    """
    from loopwright.trajectory import plan_resume

    plan_resume(rundir)  # what is wrong is said here, in this terminal
    before = rundir.journal.stat().st_size
    job = _Job(home=str(rundir.home), resume=rundir.id, limits=limits)

    return _in_background(rundir, job, lambda: rundir.journal.stat().st_size != before)


class _Job(msgspec.Struct, omit_defaults=True):
    """What a child is to do: start a run with these options, fork one, or resume one."""

    start: str = ""
    parent: str = ""
    part: int = 0
    home: str = ""
    resume: str = ""
    limits: Limits | None = None


def _in_background(rundir: RunDir, job: _Job, begun: Callable[[], bool]) -> int:
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "loopwright.cli._detach", msgspec.json.encode(job).decode()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        first = _wait_for_beginning(rundir, child, begun)
        if first is None:
            log.seek(0)
            sys.stderr.write(log.read().decode("utf-8", "replace"))
            return child.wait()
    from loopwright.record import short_id

    banner(first)
    click.echo(f"detached as process {child.pid}; watch it with: loopwright attach {short_id(rundir.id)}")
    return 0


def _wait_for_beginning(rundir: RunDir, child: subprocess.Popen[bytes], begun: Callable[[], bool]) -> RunStarted | None:
    from loopwright.trajectory import started_event

    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        if begun():
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
    from loopwright.cli._foreground import fork_here, resume_here, run_here
    from loopwright.record import RunDir

    job = msgspec.json.decode(text, type=_Job)
    if job.resume:
        return resume_here(RunDir(Path(job.home), job.resume), job.limits, plain=True, on_start=_into_log)
    options = _decode(job.start)
    if job.parent:
        return fork_here(RunDir(options.home, job.parent), job.part, options, plain=True, on_start=_into_log)
    return run_here(options, plain=True, on_start=_into_log)


if __name__ == "__main__":
    from loopwright.cli.app import run_command

    run_command(lambda: detached_child(sys.argv[1]))
