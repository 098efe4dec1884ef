"""Patches in the V4A form (`*** Begin Patch`), as scripts write them: read, so that any agent can be made to do them.

The form: `*** Add File: PATH` with lines that begin with `+`; `*** Delete File: PATH`; `*** Update File: PATH`,
perhaps followed by `*** Move to: PATH`, with hunks that begin with `@@` and hold lines that begin with a space, `-`
or `+`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

__all__ = ["BadPatch", "FilePatch", "Hunk", "parse_patch"]

_BEGIN, _END, _LAST_LINE = "*** Begin Patch", "*** End Patch", "*** End of File"
_HEADS: dict[str, Literal["add", "delete", "update"]] = {
    "*** Add File: ": "add",
    "*** Delete File: ": "delete",
    "*** Update File: ": "update",
}
_MOVE = "*** Move to: "


class BadPatch(Exception):
    """The text is no patch; says at which line."""


class Hunk(Struct):
    """Whole lines to be replaced, each with its newline."""

    old: str = ""
    new: str = ""


class FilePatch(Struct):
    """What a patch does to one file. `text` is the content of an added one."""

    kind: Literal["add", "delete", "update"]
    path: str
    text: str = ""
    moved_to: str = ""
    hunks: list[Hunk] = []


def parse_patch(text: str) -> list[FilePatch]:
    """Read a patch.

    Raises:
        BadPatch: A line does not belong there, or a part is missing.
    """
    lines = text.rstrip("\n").split("\n")
    if lines[0] != _BEGIN or lines[-1] != _END:
        raise BadPatch(f"a patch begins with {_BEGIN!r} and ends with {_END!r}")
    files: list[FilePatch] = []
    for number, line in enumerate(lines[1:-1], start=2):
        begun = _head(line)
        if begun is not None:
            files.append(begun)
        elif not files or not _take(files[-1], line):
            raise BadPatch(f"line {number} of the patch does not belong there: {line!r}")
    for problem in _problems(files):
        raise BadPatch(problem)
    return files


def _head(line: str) -> FilePatch | None:
    for head, kind in _HEADS.items():
        if line.startswith(head) and len(line) > len(head):
            return FilePatch(kind, line[len(head) :], hunks=[])
    return None


def _take(file: FilePatch, line: str) -> bool:
    """Add a line to what a file's patch holds; whether it may be there."""
    if file.kind == "add" and line.startswith("+"):
        file.text += line[1:] + "\n"
        return True
    if file.kind != "update":
        return False
    if line.startswith(_MOVE) and not file.hunks and not file.moved_to:
        file.moved_to = line[len(_MOVE) :]
    elif line == "@@" or line.startswith("@@ "):
        file.hunks.append(Hunk())
    elif line == _LAST_LINE:
        return bool(file.hunks)
    else:
        return _take_hunk_line(file, line)
    return True


def _take_hunk_line(file: FilePatch, line: str) -> bool:
    if line[:1] not in ("", " ", "-", "+"):
        return False
    if not file.hunks:
        file.hunks.append(Hunk())
    hunk, rest = file.hunks[-1], line[1:] + "\n"
    if line[:1] != "+":
        hunk.old += rest
    if line[:1] != "-":
        hunk.new += rest
    return True


def _problems(files: list[FilePatch]) -> Iterator[str]:
    if not files:
        yield "the patch changes no file"
    for file in files:
        if file.kind == "update" and not file.hunks and not file.moved_to:
            yield f"the patch of {file.path} changes nothing"
        if any(hunk.old == hunk.new for hunk in file.hunks):
            yield f"the patch of {file.path} has a hunk that changes nothing"
