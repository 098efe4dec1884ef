"""Measuring trajectories again: replay of what was recorded."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.bench.replay import CommitResult, Replay, ReplayReport
    from loopwright.bench.sources import Recorded, from_files, from_run, from_store

_HOMES = {
    "replay": ("CommitResult", "Replay", "ReplayReport"),
    "sources": ("Recorded", "from_files", "from_run", "from_store"),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["CommitResult", "Recorded", "Replay", "ReplayReport", "from_files", "from_run", "from_store"]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
