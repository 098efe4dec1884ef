"""Whether a run has begun, and as what; cheap to import, since every reading command asks."""

from __future__ import annotations

from loopwright.base import UsageError
from loopwright.record import RunDir, RunStarted, first_event

__all__ = ["started_event"]


def started_event(rundir: RunDir) -> RunStarted:
    """The first event of a run.

    Raises:
        UsageError: The run's process died before it was recorded.
    """
    event = first_event(rundir.journal) if rundir.journal.exists() else None
    if not isinstance(event, RunStarted):
        raise UsageError(
            f"The run {rundir.id} had not begun when its process ended.", remedy="Start it again: loopwright run"
        )
    return event
