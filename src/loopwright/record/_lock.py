"""One writer a run: an exclusive lock on `run.lock`, which says who holds it."""

from __future__ import annotations

import fcntl
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from loopwright.base import UsageError
from loopwright.record._disk import disk_error
from loopwright.record.rundir import RunDir

__all__ = ["Writer", "lock_run", "writer_of"]

_TRIES, _BETWEEN_SECONDS = 25, 0.01


class Writer(Struct, frozen=True):
    """The process that works on a run. `started_at` is when it took the lock, ISO 8601 in UTC."""

    pid: int
    started_at: str


def lock_run(rundir: RunDir) -> int:
    """Become the writer; the lock lasts until the returned descriptor is closed or the process ends.

    Raises:
        UsageError: Another process is the writer.
        MachineError: The lock file cannot be written.
    """
    try:
        descriptor = os.open(rundir.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise disk_error(error, "lock the run", rundir.lock) from error
    if not _try_lock(descriptor):
        holder = _read(rundir.lock)
        os.close(descriptor)
        who = f"process {holder.pid} (since {holder.started_at})" if holder else "another process"
        raise UsageError(
            f"The run {rundir.id} is being worked on by {who}.",
            where=str(rundir.lock),
            remedy=f"Watch it with `loopwright attach {rundir.id}` or end it with `loopwright stop {rundir.id}`.",
        )
    _write(descriptor, rundir.lock)
    return descriptor


def writer_of(rundir: RunDir) -> Writer | None:
    """Who works on the run now, or None. Never disturbs a writer, dead or alive."""
    try:
        descriptor = os.open(rundir.lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(rundir.lock) or Writer(0, "")
    finally:
        os.close(descriptor)
    return None


def _try_lock(descriptor: int) -> bool:
    # A reader that asks who writes holds a shared lock for microseconds, and a killed writer's lock goes with its
    # last mapping: so try again for a little while before saying no. Tries are counted, not seconds: where the whole
    # machine stands still for a moment, those who hold a lock have not had their microseconds either.
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_BETWEEN_SECONDS)
        else:
            return True
    return False


def _write(descriptor: int, path: Path) -> None:
    me = Writer(os.getpid(), datetime.now(UTC).isoformat(timespec="milliseconds"))
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, msgspec.json.encode(me) + b"\n", 0)
    except OSError as error:
        os.close(descriptor)
        raise disk_error(error, "lock the run", path) from error


def _read(path: Path) -> Writer | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Writer)
    except (OSError, msgspec.MsgspecError):
        return None
