"""The rungs of the match ladder: each finds the places in a file that the old lines of a hunk may mean.

A rung is a function from the file's lines and the hunk's old and new lines to all places that fit. The ladder
(`match.py`) decides what many or none of them mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby

from loopwright.runtime.edits.found import MOST_PLACES, Found, Reform, Segment, TooMany
from loopwright.runtime.edits.indent import Shift, shift_between

__all__ = ["RUNGS", "Rung", "plain", "retyped"]

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


def exact(file: Sequence[str], old: Sequence[str], new: Sequence[str]) -> list[Found]:
    """Find the very lines."""
    return [_whole(at, old, new) for at in _runs(file, old)]


def trailing(file: Sequence[str], old: Sequence[str], new: Sequence[str]) -> list[Found]:
    """Find the lines in spite of spaces at their ends."""
    return [_whole(at, old, new) for at in _runs(list(map(str.rstrip, file)), list(map(str.rstrip, old)))]


def indentation(file: Sequence[str], old: Sequence[str], new: Sequence[str]) -> list[Found]:
    """Find the lines where all are shifted alike."""
    starts = _runs(list(map(str.strip, file)), list(map(str.strip, old)))
    return list(_shifted(starts, file, old, new, _identity))


def punctuation(file: Sequence[str], old: Sequence[str], new: Sequence[str]) -> list[Found]:
    """Find the lines in spite of typographic quotes, dashes and spaces; all shifted alike, or not at all."""
    starts = _runs([plain(line).strip() for line in file], [plain(line).strip() for line in old])
    return list(_shifted(starts, file, old, new, plain))


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
    found = []
    for start in starts:
        there = rows[start : start + len(mine)]
        shift = _shift([old[number] for number in mine], new, [file[row] for row in there], file, plain)
        if shift is not None:
            at = _with_blanks(old, dict(zip(mine, there, strict=True)), file)
            end = max(index for index in at if index is not None) + 1
            found.append(Found([Segment(there[0], end, old, new, at)], _reform(shift, plain)))
    return found


RUNGS: dict[str, Rung] = {
    "exact": exact,
    "trailing spaces": trailing,
    "indentation": indentation,
    "punctuation": punctuation,
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


def _whole(start: int, old: Sequence[str], new: Sequence[str]) -> Found:
    return Found([_segment(start, old, new)])


def _identity(text: str) -> str:
    return text


def _shifted(
    starts: Sequence[int], file: Sequence[str], old: Sequence[str], new: Sequence[str], form: Callable[[str], str]
) -> Iterator[Found]:
    for start in starts:
        shift = _shift(old, new, file[start : start + len(old)], file, form)
        if shift is not None:
            yield Found([_segment(start, old, new)], _reform(shift, form))


def _shift(
    old: Sequence[str], new: Sequence[str], there: Sequence[str], file: Sequence[str], form: Callable[[str], str]
) -> Shift | None:
    old, new, there = (list(map(form, lines)) for lines in (old, new, there))
    return shift_between(old, new, there, file)


def _reform(shift: Shift, form: Callable[[str], str]) -> Reform:
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
