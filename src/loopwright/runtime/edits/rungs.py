"""The rungs of the match ladder: each finds the places in a file that the old lines of a hunk may mean.

A rung is a function from the file's lines and the hunk's old and new lines to all places that fit. The ladder
(`match.py`) decides what many or none of them mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from itertools import groupby

from loopwright.runtime.edits.found import MOST_PLACES, Found, Reform, Segment, TooMany
from loopwright.runtime.edits.indent import Shift, shift_between

__all__ = ["RUNGS", "Rung", "plain", "retyped"]

_Form = Callable[[str], str]
Rung = Callable[[Sequence[str], Sequence[str], Sequence[str]], list[Found]]

_MOST_RETYPED = 2000

# One character for one character, so that offsets stay: quotes, primes, dashes, spaces.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "),
    }
)


def plain(text: str) -> str:
    """The text with typographic quotes, dashes and spaces as ASCII has them; as long as before."""
    return text.translate(_PLAIN)


def _rows(key: _Form, form: _Form | None = None) -> Rung:
    """A rung that finds lines by what `key` leaves of each; with `form`, those that, in it, are all shifted alike."""

    def rung(file: Sequence[str], old: Sequence[str], new: Sequence[str]) -> list[Found]:
        starts = _runs(list(map(key, file)), list(map(key, old)))
        segments = [_segment(start, old, new) for start in starts]
        return [Found([one]) for one in segments] if form is None else _shifted(segments, file, form)

    return rung


def elision(file: Sequence[str], old: Sequence[str], new: Sequence[str]) -> list[Found]:
    """Find the pieces around `...` lines, which stand for lines that stay."""
    pieces, new_pieces = _pieces(old), _pieces(new)
    if len(pieces) < 2 or len(pieces) != len(new_pieces):
        return []
    paired = [pair for pair in zip(pieces, new_pieces, strict=True) if pair[0] or pair[1]]
    if not paired or not all(any(map(str.strip, piece)) for piece, _ in paired):
        return []
    keys = list(map(str.rstrip, file))
    chains = _chains([_runs(keys, list(map(str.rstrip, piece))) for piece, _ in paired], [len(p) for p, _ in paired])
    return [Found([_segment(at, *pair) for at, pair in zip(chain, paired, strict=True)]) for chain in chains]


def blank_lines(file: Sequence[str], old: Sequence[str], new: Sequence[str]) -> list[Found]:
    """Find the lines where blank ones between them were lost or added; typography and a shift as in the rung before."""
    rows = [number for number, line in enumerate(file) if line.strip()]
    mine = [number for number, line in enumerate(old) if line.strip()]
    if not mine:
        return []
    starts = _runs([plain(file[row]).strip() for row in rows], [plain(old[number]).strip() for number in mine])
    segments = []
    for start in starts:
        at = _with_blanks(old, dict(zip(mine, rows[start : start + len(mine)], strict=True)), file)
        end = max(index for index in at if index is not None) + 1
        segments.append(Segment(rows[start], end, old, new, at))
    return _shifted(segments, file, plain)


RUNGS: dict[str, Rung] = {
    "exact": _rows(str),
    "trailing spaces": _rows(str.rstrip),
    "indentation": _rows(str.strip, str),
    "punctuation": _rows(lambda line: plain(line).strip(), plain),
    "elision": elision,
    "blank lines": blank_lines,
}
"""Name -> rung, in the order in which they are tried."""


def _runs(file: Sequence[str], old: Sequence[str]) -> list[int]:
    """Where the lines `old` stand in a row.

    Raises:
        TooMany: At more than `MOST_PLACES` places.
    """
    if not old:
        return []
    hay, needle = "\n".join(["", *file, ""]), "\n".join(["", *old, ""])
    places: list[int] = []
    line = done = 0
    at = hay.find(needle)
    while at >= 0:
        line, done = line + hay.count("\n", done, at), at
        places.append(line)
        if len(places) > MOST_PLACES:
            raise TooMany
        at = hay.find(needle, at + 1)
    return places


def _segment(start: int, old: Sequence[str], new: Sequence[str]) -> Segment:
    return Segment(start, start + len(old), old, new, range(start, start + len(old)))


def _shifted(segments: Sequence[Segment], file: Sequence[str], form: _Form) -> list[Found]:
    """Those of the segments whose lines, blank ones aside, are all shifted alike."""
    found = []
    for one in segments:
        pairs = [(form(line), form(file[at])) for line, at in zip(one.old, one.at, strict=True) if at is not None]
        shift = shift_between(pairs, list(map(form, one.new)), file)
        if shift is not None:
            found.append(Found([one], _reform(shift, form)))
    return found


def _reform(shift: Shift, form: _Form) -> Reform:
    def reform(there: Sequence[str], old: Sequence[str], new: Sequence[str]) -> list[str] | None:
        shifted, before = [shift(line) for line in new], [shift(line) for line in old]
        text = "\n".join(line for line in shifted if line is not None)
        if None in shifted or None in before:
            return None
        if form is not plain or not old:
            return text.split("\n")
        kept = retyped(_tight(there), _tight([line or "" for line in before]), text)
        return None if kept is None else kept.split("\n")

    return reform


def _tight(lines: Sequence[str]) -> str:
    return "\n".join(map(str.rstrip, lines))


def retyped(there: str, old: str, new: str) -> str | None:
    """The new text with the file's own typography wherever it repeats the old; None where that cannot be told."""
    if len(there) != len(old) or len(old) > _MOST_RETYPED or len(new) > _MOST_RETYPED:
        return None
    pieces, done = [], 0
    for in_old, in_new, size in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        pieces += [new[done:in_new], there[in_old : in_old + size]]
        done = in_new + size
    return "".join(pieces)


# Bare, or in a comment with any words after it; not JavaScript's `...rest`.
_GAP = re.compile(r"\s*(?:(?:\.\.\.|\u2026)\s*|(?:#|//|--|/\*|<!--|%|;)\s*(?:\.\.\.|\u2026).*)")


def _pieces(lines: Sequence[str]) -> list[list[str]]:
    """The lines between those that stand for a gap; n gaps make n + 1 pieces, some of them empty."""
    pieces: list[list[str]] = [[]]
    for is_gap, run in groupby(lines, key=lambda line: _GAP.fullmatch(line) is not None):
        if is_gap:
            pieces += [[] for _ in run]
        else:
            pieces[-1] += run
    return pieces


def _chains(places: Sequence[Sequence[int]], lengths: Sequence[int]) -> list[list[int]]:
    """Ways to take one place of each list such that they follow each other: none, the only one, or two of many.

    The chain that takes each place as early as it can, and the one that takes each as late as it can, bound all
    others; so where they are the same, there is no other.
    """
    early: list[int] = []
    late: list[int] = []
    for starts, before in zip(places, [0, *lengths], strict=False):
        early += [start for start in starts if not early or start >= early[-1] + before][:1]
    for starts, length in zip(reversed(places), reversed(lengths), strict=True):
        late += [start for start in starts if not late or start + length <= late[-1]][-1:]
    late.reverse()
    if len(early) < len(places) or len(late) < len(places):
        return []
    return [early] if early == late else [early, late]


def _with_blanks(old: Sequence[str], at: dict[int, int], file: Sequence[str]) -> list[int | None]:
    """Where each line of `old` is, its blank ones too: those after a line answer to those after it in the file."""
    result: list[int | None] = []
    for number in range(len(old)):
        before = result[-1] if result else None
        follows = before is not None and before + 1 < len(file) and not file[before + 1].strip()
        result.append(at.get(number, before + 1 if before is not None and follows else None))
    return result
