"""Lines of a hunk, of a unified diff or of a V4A patch, as they are gathered into a typed hunk."""

from __future__ import annotations

from loopwright.runtime.edits.operations import Hunk

__all__ = ["HunkLines", "written"]


class HunkLines:
    """The lines of one hunk.

    Attributes:
        old_left: How many old lines the header still promises; None where it promises nothing.
        new_left: The same of new lines.
    """

    def __init__(
        self,
        anchors: tuple[str, ...] = (),
        line: int | None = None,
        old_left: int | None = None,
        new_left: int | None = None,
    ) -> None:
        self.anchors = anchors
        self.line = line
        self.old_left, self.new_left = old_left, new_left
        self.at_end = False
        self.no_newline = False
        self._lines: list[tuple[str, str]] = []

    def add(self, text: str) -> None:
        """Take a line with its mark; one without a mark is context that lost its leading space."""
        mark, rest = (text[0], text[1:]) if text[:1] in ("+", "-", " ") else (" ", text)
        self._lines.append((mark if text else "", rest))
        if mark != "+" and self.old_left is not None:
            self.old_left -= 1
        if mark != "-" and self.new_left is not None:
            self.new_left -= 1

    @property
    def is_complete(self) -> bool:
        """Whether the header promised a number of lines, and all of them are there."""
        return self.old_left is not None and self.old_left <= 0 and (self.new_left or 0) <= 0

    @property
    def last_mark(self) -> str:
        """The mark of the last line; "" for an empty line, and where there is none."""
        return self._lines[-1][0] if self._lines else ""

    def trim(self) -> None:
        """Drop empty lines at the end: they separate hunks more often than they are context."""
        while self._lines and self._lines[-1][0] == "":
            self._lines.pop()

    def side(self, other: str) -> str:
        """The old text (`other` is "+") or the new text ("-")."""
        return "".join(f"{text}\n" for mark, text in self._lines if mark != other)

    def changes(self) -> bool:
        """Whether any line is added or removed."""
        return any(mark in ("+", "-") and mark for mark, _ in self._lines)

    def hunk(self) -> Hunk:
        """The typed hunk."""
        return Hunk(self.side("+"), self.side("-"), anchors=self.anchors, line=self.line, at_end=self.at_end)


def written(hunk: Hunk) -> list[str]:
    """The marked lines of a hunk: lines that both sides begin or end with are context."""
    old, new = hunk.old.split("\n")[:-1], hunk.new.split("\n")[:-1]
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    removed, added = old[head : len(old) - tail], new[head : len(new) - tail]
    kept = old[len(old) - tail :]
    return [
        *(f" {x}" for x in old[:head]),
        *(f"-{x}" for x in removed),
        *(f"+{x}" for x in added),
        *(f" {x}" for x in kept),
    ]
