"""Edits whose place is the question: duplicates, order, numbers, too little context."""

from __future__ import annotations

from collections.abc import Sequence

from tests.runtime.edits.corpus.cases import DIALECTS, Block, Case
from tests.runtime.edits.corpus.generate import Spot, Work, encode, make, run_count, spots

__all__ = [
    "dependent_hunks",
    "duplicates_anchored",
    "duplicates_in_context",
    "duplicates_numbered",
    "duplicates_refused",
    "missing_context",
    "moved_hunks",
    "neighbours",
    "two_hunks",
    "two_spots",
    "wrong_line_numbers",
]


def _doubled(work: Work) -> tuple[list[str], Spot, Spot]:
    """The file with a copy of the block's surroundings at its end, and the change in each of the two places."""
    spot = work.spot
    first, last = max(spot.start - 4, 0), min(spot.end + 4, len(work.lines))
    lines = [*work.lines, "", f"section two of {work.path}", *work.lines[first:last], "the end"]
    shift = len(work.lines) + 2 - first
    return lines, spot, spot._replace(start=spot.start + shift, end=spot.end + shift)


def duplicates_refused(work: Work) -> Case | None:
    """The old text is there twice, and nothing says which is meant."""
    lines, one, _ = _doubled(work)
    block = one.block(lines, context=2)._replace(line=None)
    return make("", work, [block], encode(lines), None) if run_count(lines, block.old) == 2 else None


def duplicates_numbered(work: Work) -> Case | None:
    """The old text is there twice; the line number of a diff says which."""
    lines, one, other = _doubled(work)
    spot = work.random.choice([one, other])
    block = spot.block(lines, context=2)
    return make("", work, [block], encode(lines), encode(spot.done(lines)), ["unified_diff"])


def duplicates_anchored(work: Work) -> Case | None:
    """The old text is there twice; the heading of a patch says that the second one is meant."""
    lines, _, other = _doubled(work)
    block = other.block(lines, context=2)._replace(anchors=(f"section two of {work.path}",))
    return make("", work, [block], encode(lines), encode(other.done(lines)), ["opencode_patch"])


def duplicates_in_context(work: Work) -> Case | None:
    """The changed lines are there twice, and the lines around them say which are meant."""
    lines, one, other = _doubled(work)
    spot = work.random.choice([one, other])
    block = spot.block(lines, context=6)
    if run_count(lines, block.old) != 1:
        return None
    return make("", work, [block], encode(lines), encode(spot.done(lines)))


def two_spots(work: Work, apart: int = 10) -> tuple[Spot, Spot] | None:
    endless = spots(work.random, work.lines)
    for _ in range(40):
        other = next(endless)
        if other.start > work.spot.end + apart:
            return work.spot, other
    return None


def two_hunks(work: Work) -> Case | None:
    pair = two_spots(work)
    if not pair:
        return None
    blocks = [spot.block(work.lines) for spot in pair]
    return make("", work, blocks, encode(work.lines), encode(pair[0].done(pair[1].done(work.lines))))


def moved_hunks(work: Work) -> Case | None:
    """Two changes of a file, the later one first."""
    pair = two_spots(work)
    if not pair:
        return None
    blocks = [spot.block(work.lines) for spot in reversed(pair)]
    return make("", work, blocks, encode(work.lines), encode(pair[0].done(pair[1].done(work.lines))))


def neighbours(work: Work) -> Case | None:
    """Two changes so near to each other that they share lines of context."""
    spot, line = work.spot, work.spot.end + 1
    if line + 2 >= len(work.lines) or not work.lines[line].strip():
        return None
    other = Spot(line, line + 1, [work.lines[line] + " near"])
    blocks = [spot.block(work.lines), other.block(work.lines)]
    if any(run_count(work.lines, block.old) != 1 for block in blocks) or other.start - spot.end < 1:
        return None
    blocks = [blocks[0]._replace(old=blocks[0].old[:], new=blocks[0].new[:]), blocks[1]]
    return make("", work, blocks, encode(work.lines), encode(spot.done(other.done(work.lines))))


def dependent_hunks(work: Work) -> Case | None:
    """The second change starts from what the first one made."""
    spot = work.spot
    if not spot.new:
        return None
    middle = spot.done(work.lines)
    again = Spot(spot.start, spot.start + 1, [spot.new[0] + " again"])
    blocks: Sequence[Block] = [spot.block(work.lines), again.block(middle)]
    return make("", work, blocks, encode(work.lines), encode(again.done(middle)))


def wrong_line_numbers(work: Work) -> Case | None:
    """The numbers of a diff are off."""
    block = work.spot.block(work.lines)
    off = block._replace(line=max((block.line or 1) + work.random.choice([-30, -7, -1, 1, 2, 11, 400]), 1))
    return make("", work, [off], encode(work.lines), encode(work.spot.done(work.lines)), ["unified_diff"])


def missing_context(work: Work) -> Case | None:
    """Only the changed lines are given; they are the only ones of their kind, or they are not."""
    spot = work.spot
    if spot.start == spot.end:
        return None
    block = spot.block(work.lines, context=0)._replace(line=None)
    if sum(map(len, map(str.strip, block.old))) < 4:
        return None
    count = sum(work.lines[at : at + len(block.old)] == block.old for at in range(len(work.lines)))
    if count == 1 and run_count(work.lines, block.old) != 1:
        return None
    inside = "\n".join(work.lines).count("\n".join(block.old)) != count
    dialects = [name for name in DIALECTS if not (inside and name == "native")]
    after = encode(spot.done(work.lines)) if count == 1 else None
    return make("", work, [block], encode(work.lines), after, dialects)
