"""The edit engine: every dialect's edits become typed operations, found by one ladder and done whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.base import lazy_names
from loopwright.runtime.edits.operations import Create, Delete, Hunk, Move, Operation, Update

if TYPE_CHECKING:
    from loopwright.runtime.edits.commit import Undo, revert
    from loopwright.runtime.edits.engine import apply
    from loopwright.runtime.edits.report import Changed, EditError, EditReport, Matched, Problem
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        commit=("Undo", "revert"),
        engine=("apply",),
        report=("Changed", "EditError", "EditReport", "Matched", "Problem"),
    )

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
