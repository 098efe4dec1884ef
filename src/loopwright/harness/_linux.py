"""What the runner asks of Linux beyond the standard library: not being traced, and leaving nobody behind."""

from __future__ import annotations

import os
import signal
import time

__all__ = ["adopt_orphans", "first_to_be_killed", "kill_orphans", "seal"]

_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE = 5.0  # a killed process may take a while to be gone on a busy machine


def _prctl(option: int, value: int) -> None:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) failed")


def seal(sealed: bool = True) -> None:
    """Deny (or allow) programs of the same user to trace this process or open its files through /proc."""
    _prctl(_PR_SET_DUMPABLE, 0 if sealed else 1)


def adopt_orphans() -> None:
    """Make this process the parent of every descendant whose parent dies, so that none can slip away by setsid."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def first_to_be_killed() -> None:
    """Offer this process to the kernel's out-of-memory killer before the runner."""
    seal(False)  # a sealed process may not open its own /proc files
    try:
        with open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123 - pathlib costs 9 ms here
            file.write("1000")
    except OSError:
        pass  # some kernels deny it; the memory limit of a cell holds anyway
    finally:
        seal()


def kill_orphans(known: set[int]) -> None:
    """Kill every child of this process that is not in `known`, and what becomes its child by that."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        strangers = [pid for pid in _children() if pid not in known]
        if not strangers:
            return
        for pid in strangers:
            _end(pid)
        time.sleep(0.001)


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, os.WNOHANG)
    except (ProcessLookupError, ChildProcessError):
        pass  # it went by itself


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:  # noqa: PTH123
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return _children_by_scan()


def _children_by_scan() -> list[int]:
    # Kernels without CONFIG_PROC_CHILDREN.
    own, found = os.getpid(), []
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit() and _parent(name) == own:
            found.append(int(name))
    return found


def _parent(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return int(file.read().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return -1
