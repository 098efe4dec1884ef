"""The edit engine: every dialect's edits become typed operations, found by one ladder and done whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loopwright.runtime.edits.operations import Create, Delete, Hunk, Move, Operation, Update

if TYPE_CHECKING:
    from loopwright.runtime.edits.commit import Undo, revert
    from loopwright.runtime.edits.engine import apply
    from loopwright.runtime.edits.report import Changed, EditError, EditReport, Matched, Problem

__all__ = [
    "Changed",
    "Create",
    "Delete",
    "EditError",
    "EditReport",
    "Hunk",
    "Matched",
    "Move",
    "Operation",
    "Problem",
    "Undo",
    "Update",
    "apply",
    "revert",
]

_HOMES = {
    "Changed": "report",
    "EditError": "report",
    "EditReport": "report",
    "Matched": "report",
    "Problem": "report",
    "Undo": "commit",
    "apply": "engine",
    "revert": "commit",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
