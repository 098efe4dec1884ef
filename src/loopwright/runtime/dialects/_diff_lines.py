"""Hunks of a unified diff or of a V4A patch: their headers and marked lines, and how they are written."""

from __future__ import annotations

import re

from loopwright.runtime.edits.operations import Hunk
from loopwright.runtime.edits.text import common_ends

__all__ = ["HunkLines", "sayable", "written"]

_NUMBERS = re.compile(r"-(\d{1,9})(?:,(\d{1,9}))? \+\d{1,9}(?:,(\d{1,9}))?(?: (.*))?")
_BROKEN = re.compile(r"-\d+(?:,|\s*$)")


class HunkLines:
    """The lines of one hunk, as they come.

    Attributes:
        line: Where the header says that the old lines begin, from 1; None where it does not.
        old_left: How many old lines the header still promises; None where it promises nothing.
        new_left: The same of new lines.
        lines: Pairs of a mark and a text; the mark is "" for an empty line.
    """

    def __init__(self) -> None:
        self.anchors: tuple[str, ...] = ()
        self.line: int | None = None
        self.old_left: int | None = None
        self.new_left = 0
        self.at_end = False
        self.no_newline = False
        self.lines: list[tuple[str, str]] = []

    def take_header(self, header: str) -> None:
        """Take an `@@` line: numbers, which are the hint that they are, and a heading, with `@@` between or around."""
        text = header[2:].strip()
        if numbers := _NUMBERS.fullmatch(text):
            self.old_left, self.new_left = int(numbers[2] or 1), int(numbers[3] or 1)
            self.line = int(numbers[1]) + (self.old_left == 0)
            text = (numbers[4] or "").removeprefix("@@")
        text = text.removesuffix("@@").strip()
        if text.strip(".@ ") and not _BROKEN.match(text):
            self.anchors += (text.removeprefix("... @@ "),)

    def add(self, text: str) -> None:
        """Take a line with its mark; one without a mark is context that lost its leading space."""
        mark, rest = (text[0], text[1:]) if text[:1] in ("+", "-", " ") else (" ", text)
        self.lines.append((mark if text else "", rest))
        if self.old_left is not None:
            self.old_left -= mark != "+"
            self.new_left -= mark != "-"

    @property
    def is_complete(self) -> bool:
        """Whether the header promised a number of lines, and all of them are there."""
        return self.old_left is not None and self.old_left <= 0 and self.new_left <= 0

    @property
    def changes(self) -> bool:
        """Whether any line is added or removed."""
        return any(mark in ("+", "-") for mark, _ in self.lines)

    def side(self, other: str) -> str:
        """The old text (`other` is "+") or the new text ("-")."""
        return "".join(f"{text}\n" for mark, text in self.lines if mark != other)

    def hunk(self) -> Hunk:
        """The typed hunk, without empty lines at the end: they separate hunks more often than they are context."""
        while self.lines and not self.lines[-1][0]:
            self.lines.pop()
        return Hunk(self.side("+"), self.side("-"), anchors=self.anchors, line=self.line, at_end=self.at_end)


def sayable(hunk: Hunk) -> bool:
    """Whether marked lines can say a hunk."""
    sides = [side for side in (hunk.old, hunk.new) if side]
    is_whole = hunk.whole_lines and all(side.endswith("\n") for side in sides)
    return is_whole and hunk.old != hunk.new and not hunk.everywhere


def written(hunk: Hunk) -> list[str]:
    """The marked lines of a hunk: lines that both sides begin or end with are context."""
    old, new = hunk.old.split("\n")[:-1], hunk.new.split("\n")[:-1]
    head, tail = common_ends(old, new)
    removed, added = old[head : len(old) - tail], new[head : len(new) - tail]
    marked = ((" ", old[:head]), ("-", removed), ("+", added), (" ", old[len(old) - tail :]))
    return [mark + line for mark, lines in marked for line in lines]
