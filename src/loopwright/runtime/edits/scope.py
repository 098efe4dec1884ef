"""What the anchors of a hunk point at: the lines that they are, and the block of code below each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loopwright.runtime.edits.indent import split

__all__ = ["Scopes", "scopes"]

_LEAST_PREFIX = 12  # a diff's heading is often cut off; shorter ones must be whole lines


class Scopes(NamedTuple):
    """Where anchors stand.

    Attributes:
        lines: The index of the last anchor's line, for every place where the anchors follow each other.
        ends: One past the block that belongs to it.
    """

    lines: list[int]
    ends: list[int]

    def holds(self, start: int, end: int) -> bool:
        """Whether the lines `[start, end)` are in the block of an anchor, or hold the anchor themselves."""
        return any(line < end and start < last for line, last in zip(self.lines, self.ends, strict=True))

    def precedes(self, start: int, end: int) -> bool:
        """Whether an anchor stands before the lines `[start, end)`, or among them."""
        return any(line < end for line in self.lines)


def scopes(file: Sequence[str], anchors: Sequence[str]) -> Scopes:
    """Find the lines that the anchors name, each in the block of the one before or else somewhere after it."""
    found = [(-1, len(file))]
    for anchor in anchors:
        wanted = anchor.strip()
        nested = [line for first, end in found for line in range(first + 1, end) if _is(file[line], wanted)]
        if not nested:
            nested = [line for line in range(found[0][0] + 1, len(file)) if _is(file[line], wanted)] if found else []
        found = [(line, _block_end(file, line)) for line in sorted(set(nested))]
    return Scopes([line for line, _ in found], [end for _, end in found])


def _is(line: str, anchor: str) -> bool:
    line = line.strip()
    return line == anchor or (len(anchor) >= _LEAST_PREFIX and line.startswith(anchor))


def _block_end(file: Sequence[str], line: int) -> int:
    """One past the last line that belongs to the block whose first line is `line`, by indentation.

    A heading of Markdown holds everything to the next one of its level. Lines that only close something, or open
    it on a line of its own, belong to the block.
    """
    head = file[line].lstrip()
    depth = len(split(file[line])[0].expandtabs())
    level = len(head) - len(head.lstrip("#"))
    for number in range(line + 1, len(file)):
        here = file[number].lstrip()
        if level:
            hashes = len(here) - len(here.lstrip("#"))
            if 0 < hashes <= level:
                return number
        elif here and len(split(file[number])[0].expandtabs()) <= depth and (here[0].isalnum() or here[0] in "_@#*-"):
            return number
    return len(file)
