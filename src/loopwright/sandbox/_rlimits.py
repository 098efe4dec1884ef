"""Limits that the kernel keeps per process or user, set on one that waits at its gate; standard library only."""

from __future__ import annotations

import functools
import os
import re
import resource

__all__ = ["bounded", "bounded_seconds", "first_child", "rlimits", "set_rlimits", "user_limits_hold"]


_MOST = 1 << 62
_LONGEST = 10.0 * 365 * 86_400


def bounded(value: int, most: int = _MOST) -> int:
    """A limit as the kernel can take it: whoever asks for more than there can be gets the most there can be."""
    return max(0, min(value, most))


def bounded_seconds(seconds: float | None) -> float | None:
    """A time limit that clocks can take, at most ten years; what is no number is no time at all."""
    if seconds is None:
        return None
    return 0.0 if seconds != seconds else float(max(0, min(seconds, _LONGEST)))


@functools.cache
def user_limits_hold() -> bool:
    """Whether RLIMIT_NPROC limits what is in a sandbox: the kernel exempts root of the host, even behind a namespace.

    Files of procfs belong to that root, so we are it where they seem to be ours. Before Linux 5.14 the kernel counts
    all processes of the user on the machine, which no sandbox should be limited by.
    """
    release = [int(word) for word in re.findall(r"\d+", os.uname().release)[:2]]
    return release >= [5, 14] and os.stat("/proc/sys").st_uid != os.getuid()  # noqa: PTH116 - pathlib costs 9 ms


def rlimits(
    *, cpu_seconds: int | None, memory_bytes: int | None, file_bytes: int | None, processes: int | None
) -> dict[int, int]:
    """The limits by the kernel's number, in its units; no core is ever dumped."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_NPROC: processes if user_limits_hold() else None,
    }
    return {kind: bounded(value, _most(kind)) for kind, value in wanted.items() if value is not None}


def _most(kind: int) -> int:
    # The kernel counts processor time in nanoseconds of 64 bits; more seconds than fit there come out as none at all.
    return int(_LONGEST) if kind == resource.RLIMIT_CPU else _MOST


def set_rlimits(pid: int, limits: dict[int, int]) -> None:
    """Set the limits of a process; what it starts from now on inherits them.

    Raises:
        ProcessLookupError: It is gone.
    """
    for kind, value in limits.items():
        # SIGXCPU at the soft limit may be caught; a second later it is over.
        top = value + 1 if kind == resource.RLIMIT_CPU else value
        _, hard = resource.prlimit(pid, kind)
        if hard != resource.RLIM_INFINITY:
            top = min(top, hard)
        resource.prlimit(pid, kind, (min(value, top), top))


def first_child(pid: int) -> int | None:
    """The oldest living child of a process with one thread, or None."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:  # noqa: PTH123
            found = file.read().split()
    except OSError:
        return None
    return int(found[0]) if found else None
