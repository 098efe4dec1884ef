"""The text of a file that is most like what a model looked for, to show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

__all__ = ["nearest_lines"]

_LEAST = 0.6
_MOST_LINES = 24
_MOST_WINDOWS = 12
_MOST_COMPARED = 20_000
_WIDTH = 240


def nearest_lines(file: Sequence[str], old: Sequence[str]) -> tuple[str, ...]:
    """The region of the file most like `old`, as numbered lines (`12| x = 1`), where at least 0.6 of it is alike.

    Empty where nothing is. Only the first 20,000 lines of a file are looked at, and at most 24 lines are shown.
    """
    wanted = [line.strip()[:_WIDTH] for line in old if line.strip()][:_MOST_LINES]
    if not wanted:
        return ()
    lines = [line.strip()[:_WIDTH] for line in file[:_MOST_COMPARED]]
    size = min(len(old), _MOST_LINES)
    best, start = max(
        ((_alike("\n".join(lines[at : at + size]), "\n".join(wanted)), -at) for at in _windows(lines, wanted, size)),
        default=(0.0, 0),
    )
    if best < _LEAST:
        return ()
    return tuple(f"{number + 1}| {file[number]}" for number in range(-start, min(-start + size, len(file))))


def _windows(lines: Sequence[str], wanted: Sequence[str], size: int) -> list[int]:
    """Where to look closely: windows that share whole lines, or else whose first line shares words."""
    common, words = Counter(wanted), set(" ".join(wanted).split())
    worth = [4.0 * (line in common and bool(line)) + _share(line, words) for line in lines]
    total = sum(worth[:size])
    scores = [(total, 0)]
    for at in range(1, max(len(lines) - size + 1, 1)):
        total += worth[at + size - 1] - worth[at - 1]
        scores.append((total, at))
    return [at for score, at in sorted(scores, key=lambda pair: (-pair[0], pair[1]))[:_MOST_WINDOWS] if score > 0]


def _share(line: str, words: set[str]) -> float:
    mine = line.split()
    return sum(word in words for word in mine) / len(mine) if mine else 0.0


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
