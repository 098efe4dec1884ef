"""Who made something that may outlive its maker: a name for one process, and whether that process is dead.

Process numbers mean nothing outside of their namespace: a container that shares our temporary folder, or whose
processes we see, counts for itself. So the name tells the namespace too, and of another one we say nothing.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

__all__ = ["MAKER", "is_dead", "maker"]

MAKER = r"(\d+)-(\d+)-(\d+)"
"""What a name looks like, as a regular expression with three groups."""


def maker() -> str:
    """Us: the PID namespace, the process id, and when it started, as the kernel counts; `0` where that is not told."""
    return _maker(os.getpid())


@functools.cache
def _maker(pid: int) -> str:
    return f"{_namespace()}-{pid}-{_start_time(pid) or 0}"


def is_dead(namespace: str, pid: str, started: str) -> bool | None:
    """Whether the process of such a name is gone; None where it lives, or lived, in another PID namespace."""
    if namespace != _namespace():
        return None
    return _start_time(int(pid)) != started


@functools.cache
def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return "0"


def _start_time(pid: int) -> str | None:
    try:
        text = Path("/proc", str(pid), "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()[19]
