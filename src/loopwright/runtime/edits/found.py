"""What a rung of the match ladder gives: a place in the file, and how its lines answer to those of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

__all__ = ["MOST_PLACES", "Change", "Found", "Reform", "Segment", "TooMany", "changes", "verbatim"]

MOST_PLACES = 1000
"""More places than this are not told apart."""

_MOST_COMPARED = 4_000_000  # pairs of lines; beyond, comparing old and new text would take seconds

Reform = Callable[[Sequence[str], Sequence[str], Sequence[str]], list[str] | None]
"""Gives new lines as the file would write them, from the file's lines that they replace, the model's text of those,
and the model's new lines; None where it cannot be said."""


def verbatim(there: Sequence[str], old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Take new lines as the model wrote them."""
    return list(new)


class TooMany(Exception):
    """A text stands at more than `MOST_PLACES` places."""


class Segment(NamedTuple):
    """A run of the model's lines, the lines `[start, end)` of the file, and where there each line of `old` is.

    `at` holds None for a blank line that the file lacks.
    """

    start: int
    end: int
    old: Sequence[str]
    new: Sequence[str]
    at: Sequence[int | None]


class Found(NamedTuple):
    """A place that fits.

    Attributes:
        segments: One, or several around gaps, in the order of the file.
        reform: How new lines get there.
    """

    segments: Sequence[Segment]
    reform: Reform = verbatim

    @property
    def start(self) -> int:
        """The index of its first line in the file."""
        return self.segments[0].start

    @property
    def end(self) -> int:
        """One past its last line."""
        return self.segments[-1].end


class Change(NamedTuple):
    """The lines `[start, end)` of the file become `new`."""

    start: int
    end: int
    new: list[str]


def changes(found: Found, file: Sequence[str]) -> list[Change] | None:
    """What to change in the file: only lines that differ between the model's old and new text.

    Lines of context stay as the file has them. None where a change cannot be placed for sure.
    """
    result: list[Change] = []
    for segment in found.segments:
        for first, last, new_first, new_last in _differences(segment, file):
            new = segment.new[new_first:new_last]
            if not new and set(segment.at[first:last]) == {None}:
                continue  # blank lines that the file does not have are gone already
            place = _place(segment, first, last, replaced=bool(new))
            reformed = found.reform(file[slice(*place)], segment.old[first:last], new) if place and new else []
            if place is None or reformed is None:
                return None
            result.append(Change(*place, reformed))
    return result


def _differences(segment: Segment, file: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """The runs `[first, last)` of the old lines that become `[new_first, new_last)` of the new ones."""
    old, new = segment.old, segment.new
    if len(old) * len(new) > _MOST_COMPARED and list(old) == list(file[segment.start : segment.end]):
        yield 0, len(old), 0, len(new)
        return
    for what, *bounds in SequenceMatcher(None, old, new, autojunk=len(old) * len(new) > _MOST_COMPARED).get_opcodes():
        if what != "equal":
            first, last, new_first, new_last = bounds
            yield first, last, new_first, new_last


def _place(segment: Segment, first: int, last: int, *, replaced: bool) -> tuple[int, int] | None:
    """The lines of the file that answer to `old[first:last]`; None where lost or added blank lines blur the place."""
    at = segment.at
    if first == last:
        before = at[first - 1] if first else segment.start - 1
        after = at[first] if first < len(at) else segment.end
        return (after, after) if before is not None and after == before + 1 else None
    inside = [index for index in at[first:last] if index is not None]
    if not inside or (replaced and inside != list(range(inside[0], inside[0] + last - first))):
        return None
    return inside[0], inside[-1] + 1
