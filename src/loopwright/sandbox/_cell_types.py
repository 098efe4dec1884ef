"""What goes into a cell and what comes out; standard library only."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DEFAULT_LIMITS", "CellError", "CellLimits", "CellOutcome"]


class CellError(RuntimeError):
    """A cell could not be made. Says nothing about the program that was to run in it."""


class CellLimits(NamedTuple):
    """Limits of one cell: seconds, bytes, counts; None means not limited by us.

    `memory_bytes` is address space of each process; `temp_bytes` is the size of its private /tmp; `output_bytes` is
    kept of each stream, head and tail.
    """

    wall_seconds: float | None = 10.0
    cpu_seconds: int | None = None
    memory_bytes: int | None = 4 << 30
    processes: int | None = 128
    file_bytes: int | None = 256 << 20
    output_bytes: int = 1 << 20
    temp_bytes: int | None = 256 << 20


DEFAULT_LIMITS = CellLimits()


class CellOutcome(NamedTuple):
    """How a program ended. `exit_code` is None where a signal or the time limit ended it."""

    exit_code: int | None
    signal: int | None
    timed_out: bool
    stdout: bytes
    stderr: bytes
    stdout_bytes: int
    stderr_bytes: int
    duration_ms: int
