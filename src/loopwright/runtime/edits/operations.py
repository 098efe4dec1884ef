"""What an edit is, whatever syntax it was written in: typed operations on the files of a workspace."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Create", "Delete", "Hunk", "Move", "Operation", "Update", "touched"]


class Hunk(Struct, frozen=True):
    """One replacement inside of a file.

    Attributes:
        old: The text to find. With `whole_lines` it is complete lines, the last newline optional; else any text.
            Empty means an insertion, at the place that `anchors`, `line` or `at_end` name.
        new: The text to put there instead, in the same form.
        whole_lines: Whether `old` and `new` are lines, which may be found in spite of lost spaces.
        anchors: Lines that stand before the place, in order (the `@@` headers of V4A; function names of a diff).
        line: Where `old` began when it was written, from 1 (unified diff): a hint that only settles a tie.
        at_end: Whether `old` must be the end of the file.
        everywhere: Whether every occurrence is meant, instead of the only one.
    """

    old: str
    new: str
    whole_lines: bool = True
    anchors: tuple[str, ...] = ()
    line: int | None = None
    at_end: bool = False
    everywhere: bool = False


class Create(Struct, frozen=True, tag=True):
    """Write a whole file. Refused where it exists, unless `overwrite`."""

    path: str
    content: str
    overwrite: bool = False


class Update(Struct, frozen=True, tag=True):
    """Change a file that exists, hunk by hunk, and rename it where `move_to` is given."""

    path: str
    hunks: tuple[Hunk, ...]
    move_to: str | None = None


class Delete(Struct, frozen=True, tag=True):
    """Remove a file that exists."""

    path: str


class Move(Struct, frozen=True, tag=True):
    """Rename a file that exists; refused where the new name exists."""

    path: str
    to: str


Operation = Create | Update | Delete | Move


def touched(operation: Operation) -> tuple[str, ...]:
    """The paths that an operation writes, moves or deletes."""
    match operation:
        case Move(path, to) | Update(path, _, str(to)):
            return path, to
    return (operation.path,)
