"""The edit engine: every dialect's edits become typed operations, found by one ladder and done whole or not at all."""

from __future__ import annotations

from importlib import import_module
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
    "commit": ("Undo", "revert"),
    "engine": ("apply",),
    "report": ("Changed", "EditError", "EditReport", "Matched", "Problem"),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
