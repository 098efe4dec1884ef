"""Where a hunk belongs in a file: the match ladder, and what settles a tie.

Each rung forgives more than the one before. The first rung that finds anything decides: one place is taken, several
are a tie, which only the hunk's own hints can settle; a lower rung is never asked then. The idea of a ladder is
aider's and Codex's; refusing a tie is ours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from msgspec import Struct

from loopwright.runtime.edits.found import MOST_PLACES, Change, Found, TooMany, changes
from loopwright.runtime.edits.operations import Hunk
from loopwright.runtime.edits.rungs import RUNGS, plain, retyped
from loopwright.runtime.edits.scope import Scopes, scopes
from loopwright.runtime.edits.text import Splice, Text, common_ends, lines_of, unix

__all__ = ["Match", "NoMatch", "locate"]


class Match(Struct, frozen=True):
    """Where a hunk belongs: the rung that found it, the changes of the file's text, its first line from 1."""

    rung: str
    splices: tuple[Splice, ...]
    line: int
    places: int = 1


class NoMatch(Exception):
    """A hunk has no place, or several.

    Attributes:
        lines: Where the several places begin, from 1; empty where there is none.
        missing: Whether the text is nowhere in the file.
    """

    def __init__(self, what: str, remedy: str, *, lines: Sequence[int] = (), missing: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.lines = tuple(lines)
        self.missing = missing


def locate(text: Text, hunk: Hunk) -> Match:
    """Find the one place in a file that a hunk means.

    Raises:
        NoMatch: There is none, there are several, or new text cannot be written there for sure.
    """
    if not unix(hunk.old):
        return _insertion(text, hunk)
    ways = [_by_lines] if hunk.whole_lines else [_within_lines, _by_lines, _within_typography]
    try:
        match = next(filter(None, (way(text, hunk) for way in ways)), None)
    except TooMany as error:
        what = f"the old text fits more than {MOST_PLACES} places"
        raise NoMatch(what, "Add lines of context that only the meant place has.") from error
    if match:
        return match
    raise NoMatch(
        "the old text is not in the file", "Copy the lines to replace from the file as it is now.", missing=True
    )


def _insertion(text: Text, hunk: Hunk) -> Match:
    """Place new lines where there is no old text: after the anchors, at the end, at the top, or in an empty file."""
    lines = text.lines
    if not lines or hunk.at_end or (hunk.line is not None and hunk.line == len(lines) + 1):
        at = len(lines)
    elif hunk.anchors and hunk.line is None:
        after = scopes(lines, hunk.anchors).lines
        if len(after) != 1:
            raise _anchor_problem(hunk, after)
        at = after[0] + 1
    elif hunk.line is not None and hunk.line <= 1:
        at = 0
    else:
        raise NoMatch("nothing says where to insert", "Repeat a line of the file before or after the new ones.")
    return _match("exact", text, [Change(at, at, lines_of(hunk.new))], at)


def _within_lines(text: Text, hunk: Hunk) -> Match | None:
    """Find the very text, which may begin and end inside of lines."""
    old, new = unix(hunk.old), unix(hunk.new)
    if not hunk.everywhere:
        at = _only_place(text, hunk, text.flat, old)
        return None if at is None else _within("exact", text, Splice(at, at + len(old), new))
    places = [found.start() for found in re.finditer(re.escape(old), text.flat)]
    made = tuple(Splice(at, at + len(old), new) for at in places)
    return Match("exact", made, text.line_at(places[0]) + 1, len(places)) if places else None


def _within_typography(text: Text, hunk: Hunk) -> Match | None:
    """Find the text in spite of typographic quotes, dashes and spaces."""
    old, new = unix(hunk.old), unix(hunk.new)
    at = _only_place(text, hunk, plain(text.flat), plain(old))
    kept = None if at is None else retyped(text.flat[at : at + len(old)], old, new)
    return None if at is None or kept is None else _within("punctuation", text, Splice(at, at + len(old), kept))


def _only_place(text: Text, hunk: Hunk, flat: str, old: str) -> int | None:
    # Places may overlap, hence the look-ahead.
    found = re.finditer(f"(?={re.escape(old)})", flat)
    places = [each.start() for each in islice(found, MOST_PLACES + 1)]
    if len(places) > MOST_PLACES:
        raise TooMany
    rows = [(text.line_at(at), text.line_at(at + len(old) - 1) + 1) for at in places]
    return places[_settled(text, hunk, rows)] if places else None


def _within(rung: str, text: Text, splice: Splice) -> Match:
    return Match(rung, (_trimmed(splice, text),), text.line_at(splice.start) + 1)


def _trimmed(splice: Splice, text: Text) -> Splice:
    """The splice without the lines that it does not change, so that these keep their endings."""
    start, end, new = splice
    head, tail = common_ends(text.flat[start:end], new)
    return Splice(start + head, end - tail, new[head : len(new) - tail])


def _by_lines(text: Text, hunk: Hunk) -> Match | None:
    old, new = lines_of(hunk.old), lines_of(hunk.new)
    if not hunk.whole_lines:
        if not unix(hunk.old).endswith("\n"):
            old, new = unix(hunk.old).split("\n"), unix(hunk.new).split("\n")
        elif hunk.new and not hunk.new.endswith("\n"):
            return None  # it joins lines, which only the very text can say
    for rung, find in RUNGS.items():
        places = find(text.lines, old, new)
        if places and hunk.everywhere and rung == "exact":
            return _everywhere(text, places)
        if places:
            return _settled_match(text, hunk, rung, places)
    return None


def _everywhere(text: Text, places: Sequence[Found]) -> Match:
    """Replace all places that do not overlap, from the top."""
    made: list[Change] = []
    count = done = 0
    for place in places:
        if place.start >= done:
            made += changes(place, text.lines) or []
            count, done = count + 1, place.end
    return _match("exact", text, made, places[0].start, count)


def _settled_match(text: Text, hunk: Hunk, rung: str, places: Sequence[Found]) -> Match:
    found = places[_settled(text, hunk, [(place.start, place.end) for place in places])]
    made = changes(found, text.lines)
    if made is None:
        raise NoMatch(
            f"the old text resembles lines {found.start + 1}-{found.end} ({rung}), "
            "but not closely enough to say where the new lines go",
            "Copy the lines to replace from the file as it is now.",
            missing=True,
        )
    return _match(rung, text, made, found.start)


def _match(rung: str, text: Text, made: Sequence[Change], start: int, places: int = 1) -> Match:
    return Match(rung, tuple(text.line_splice(*change) for change in made), start + 1, places)


def _settled(text: Text, hunk: Hunk, places: Sequence[tuple[int, int]]) -> int:
    """Which of the places, as lines `[start, end)`, is meant.

    Raises:
        NoMatch: Several fit equally, or the hints speak against the only one.
    """
    fitting = list(range(len(places)))
    if hunk.at_end:
        fitting = [number for number in fitting if places[number][1] == len(text.lines)]
        if not fitting:
            raise NoMatch(
                f"the old text is at line {places[0][0] + 1}, not at the end of the file",
                "Leave out the end-of-file marker, or give the last lines of the file.",
            )
    if hunk.anchors:
        fitting = _anchored(hunk, scopes(text.lines, hunk.anchors), places, fitting)
    if len(fitting) > 1 and hunk.line is not None:
        fitting = [number for number in fitting if places[number][0] + 1 == hunk.line] or fitting
    if len(fitting) > 1:
        lines = [places[number][0] + 1 for number in fitting]
        raise NoMatch(
            f"the old text fits {len(lines)} places, at lines {_listed(lines)}",
            "Add lines of context that only the meant place has.",
            lines=lines,
        )
    return fitting[0]


def _anchored(hunk: Hunk, found: Scopes, places: Sequence[tuple[int, int]], fitting: list[int]) -> list[int]:
    """The places after the anchors. A diff's heading is decoration: it settles ties, and forbids nothing."""
    inside = [number for number in fitting if found.holds(*places[number])]
    after = [number for number in fitting if found.precedes(*places[number])]
    if hunk.line is not None:
        return next((some for some in (inside, after) if len(some) == 1), fitting)
    if not after:
        raise _anchor_problem(hunk, found.lines, places[fitting[0]][0] + 1)
    return inside or after


def _anchor_problem(hunk: Hunk, lines: Sequence[int], place: int | None = None) -> NoMatch:
    named = " then ".join(repr(anchor) for anchor in hunk.anchors)
    if not lines:
        what = f"no line of the file is the anchor {named}"
    elif place is None:
        what = f"the anchor {named} stands at several lines: {_listed([line + 1 for line in lines])}"
    else:
        what = f"the old text is at line {place}, before the anchor {named}"
    return NoMatch(what, "Take the anchor from the file, or leave it out and give lines of context.")


def _listed(lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, lines[:8]))
    return shown + (", ..." if len(lines) > 8 else "")
