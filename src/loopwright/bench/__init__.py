"""Measuring trajectories again: replay of what was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.base import lazy_names

if TYPE_CHECKING:
    from loopwright.bench.replay import CommitResult, Replay, ReplayReport
    from loopwright.bench.sources import Recorded, from_files, from_run, from_store
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        replay=("CommitResult", "Replay", "ReplayReport"),
        sources=("Recorded", "from_files", "from_run", "from_store"),
    )

__all__ = ["CommitResult", "Recorded", "Replay", "ReplayReport", "from_files", "from_run", "from_store"]
