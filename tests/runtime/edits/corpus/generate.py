"""The generated part of the corpus: true edits of the seeds, written down the way that models get them wrong.

Everything follows from the seed of one random generator, so the corpus is the same on every machine.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tests.runtime.edits.corpus.cases import DIALECTS, SEEDS, Block, Case, FileEdit, native, seed, write

__all__ = ["Spot", "Work", "generated", "make", "spots"]

_PLAIN = str.maketrans("“”‘’–—\u00a0", "\"\"''-- ")


class Spot(NamedTuple):
    """A true change of a file: the lines `[start, end)` become `new`."""

    start: int
    end: int
    new: list[str]

    def done(self, lines: Sequence[str]) -> list[str]:
        """The file with the change."""
        return [*lines[: self.start], *self.new, *lines[self.end :]]

    def block(self, lines: Sequence[str], context: int = 3) -> Block:
        """The change as a careful model writes it, with lines of context."""
        before = list(lines[max(self.start - context, 0) : self.start])
        after = list(lines[self.end : self.end + context])
        old = [*before, *lines[self.start : self.end], *after]
        return Block(old, [*before, *self.new, *after], max(self.start - context, 0) + 1)


class Work(NamedTuple):
    """What a category starts from."""

    random: random.Random
    path: str
    lines: list[str]
    spot: Spot


def encode(lines: Sequence[str], ending: str = "\n", last: bool = True) -> bytes:
    """The bytes of a file."""
    return (ending.join(lines) + (ending if last and lines else "")).encode()


def run_count(lines: Sequence[str], block: Sequence[str]) -> int:
    """How often a block stands in a file, whatever its blank lines, spaces and quotes are."""
    all_lines, wanted = ([line.translate(_PLAIN).strip() for line in some if line.strip()] for some in (lines, block))
    starts = range(len(all_lines) - len(wanted) + 1)
    return sum(all_lines[start : start + len(wanted)] == wanted for start in starts)


def spots(rng: random.Random, lines: Sequence[str], context: int = 3) -> Iterator[Spot]:
    """Endless true changes whose blocks are the only ones of their kind in the file."""
    number = 0
    while True:
        number += 1
        at = rng.randrange(2, len(lines) - 3)
        if not lines[at].strip():
            continue
        spot = _change(rng, lines, at, f"mark_{number}_{rng.randrange(1000)}")
        if run_count(lines, spot.block(lines, context).old) == 1:
            yield spot


def _change(rng: random.Random, lines: Sequence[str], at: int, mark: str) -> Spot:
    line = lines[at]
    indent = line[: len(line) - len(line.lstrip())]
    changed = f"{line} {mark}"
    kinds = [
        Spot(at, at + 1, [changed]),
        Spot(at, at + 1, [changed]),
        Spot(at, at, [f"{indent}{mark}()"]),
        Spot(at, at + 1, []),
        Spot(
            at, at + 1, [f"{indent}{mark} = 1", line.replace(" ", f" {mark} ", 1) if " " in line.strip() else changed]
        ),
    ]
    if lines[at + 1].strip():
        kinds.append(Spot(at, at + 2, [changed]))
    return rng.choice(kinds)


def make(
    category: str,
    work: Work,
    blocks: Sequence[Block],
    before: bytes,
    after: bytes | None,
    dialects: Sequence[str] = DIALECTS,
) -> Case:
    """A case about one file."""
    edits = [FileEdit(work.path, blocks)]
    return Case(
        category,
        category,
        {work.path: before},
        None if after is None else {work.path: after},
        write(edits, dialects),
        native(edits) if "native" in dialects else None,
    )


Category = Callable[[Work], "Case | None"]


def generated(categories: dict[str, tuple[Category, int]], start: int = 7) -> Iterator[Case]:
    """The cases of all categories, `n` of each for every seed file."""
    for category, (maker, count) in categories.items():
        for name in SEEDS:
            rng = random.Random(f"{start} {category} {name}")
            lines = seed(name)
            endless = spots(rng, lines)
            made = tried = 0
            while made < count and tried < 60 * count:
                tried += 1
                case = maker(Work(rng, f"src/{name}", lines, next(endless)))
                if case is not None:
                    made += 1
                    yield case._replace(name=f"{category}/{name}/{made}", category=category)
