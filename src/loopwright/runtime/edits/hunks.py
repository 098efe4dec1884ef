"""All hunks of one file together: each is found in the file as it was, in whatever order they were written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from loopwright.runtime.edits.match import Match, NoMatch, locate
from loopwright.runtime.edits.nearest import nearest_lines
from loopwright.runtime.edits.operations import Hunk
from loopwright.runtime.edits.report import Matched, Problem
from loopwright.runtime.edits.text import Splice, Text, lines_of, unix

__all__ = ["Refused", "Result", "left_out", "updated"]

_LEFT_OUT = re.compile(
    r"^[ \t]*(?:#|//|--|/\*|<!--|%|;)[ \t]*(?:\.\.\.|\u2026)"
    r".*\b(?:existing|rest|remain\w*|unchanged|same|previous|other)\b.*$",
    re.IGNORECASE | re.MULTILINE,
)


class Result(NamedTuple):
    """The new bytes, the first changed line from 1 (None: nothing was), and how each hunk was found."""

    content: bytes
    line: int | None
    matched: tuple[Matched, ...]


class Refused(Exception):
    """The hunks cannot be applied; `problems` says why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__()
        self.problems = tuple(problems)


class _Numbered(NamedTuple):
    number: int
    hunk: Hunk
    times: int


def left_out(new: str, *known: str) -> str:
    """A comment in new text that stands for code which was left out; empty where there is none, or it was known."""
    found = (match.group() for match in _LEFT_OUT.finditer(new))
    return next((line.strip() for line in found if not any(line.strip() in text for text in known)), "")


def updated(content: bytes, hunks: Sequence[Hunk], path: str) -> Result:
    """Apply hunks to the bytes of a file.

    A hunk whose old text is nowhere in the file may repeat what another hunk of the same file writes; it is then
    looked for, to the letter, in the result of the others.

    Raises:
        Refused: A hunk has no place or several, or two of them touch the same text.
        UsageError: The file is no text.
    """
    text = Text(content)
    placed: dict[int, Match] = {}
    waiting: list[tuple[_Numbered, Problem]] = []
    problems: list[Problem] = []
    for one in _without_repeats(hunks):
        where = path if len(hunks) == 1 else f"{path}, hunk {one.number} of {len(hunks)}"
        try:
            placed[one.number] = _placed(text, one)
        except NoMatch as error:
            problem = _problem(where, text, one.hunk, error)
            if error.missing:
                waiting.append((one, problem))
            else:
                problems.append(problem)
    splices, clashes = _ordered(placed, path)
    if problems or clashes:
        raise Refused([*problems, *clashes, *(problem for _, problem in waiting)])
    line = text.line_at(splices[0].start) + 1 if splices else None
    return _afterwards(Result(text.spliced(splices), line, ()), placed, waiting)


def _without_repeats(hunks: Sequence[Hunk]) -> Iterator[_Numbered]:
    """Each hunk once, with how often it was written."""
    for number, hunk in enumerate(hunks, 1):
        if hunk not in hunks[: number - 1]:
            yield _Numbered(number, hunk, hunks.count(hunk))


def _placed(text: Text, one: _Numbered) -> Match:
    hunk = one.hunk
    placeholder = left_out(hunk.new, hunk.old, text.flat)
    if placeholder:
        raise NoMatch(f"the new text says {placeholder!r} instead of the code", "Write the code out.")
    if hunk.old and unix(hunk.old) == unix(hunk.new):
        return Match("unchanged", (), 0, 0)
    if one.times > 1 and hunk.old:
        every = locate(text, replace(hunk, everywhere=True))
        if every.rung == "exact" and every.places == one.times:
            return every
    return locate(text, hunk)


def _problem(where: str, text: Text, hunk: Hunk, error: NoMatch) -> Problem:
    if not error.missing:
        return Problem(where, error.what, error.remedy, "ambiguous")
    at = text.flat.find(unix(hunk.new)) if hunk.new.strip() else -1
    done = f"The new text is already there, at line {text.line_at(at) + 1}. " if at >= 0 else ""
    return Problem(where, error.what, done + error.remedy, "missing", nearest_lines(text.lines, lines_of(hunk.old)))


def _ordered(placed: dict[int, Match], path: str) -> tuple[list[Splice], list[Problem]]:
    """All splices in the order of the file, and which hunks touch the same text."""
    all_of_them = sorted((splice, number) for number, match in placed.items() for splice in match.splices)
    kept: list[tuple[Splice, int]] = []
    clashes = []
    for splice, number in all_of_them:
        before, other = kept[-1] if kept else (None, number)
        if splice == before:
            continue
        if before and other != number and (splice.start < before.end or splice[:2] == before[:2]):
            what = f"hunks {min(other, number)} and {max(other, number)} change the same text"
            clashes.append(Problem(path, what, "Make one hunk of both.", "overlap"))
        kept.append((splice, number))
    return [splice for splice, _ in kept], clashes


def _afterwards(result: Result, placed: dict[int, Match], waiting: Sequence[tuple[_Numbered, Problem]]) -> Result:
    """Apply the hunks that were not found in the file to the result of the others, where they fit to the letter."""
    content, missing = result.content, []
    for one, problem in waiting:
        text = Text(content)
        try:
            match = locate(text, one.hunk) if placed else None
        except NoMatch:
            match = None
        if match is None or match.rung != "exact":
            missing.append(problem)
            continue
        placed[one.number] = match
        content = text.spliced(match.splices)
    if missing:
        raise Refused(missing)
    matched = tuple(Matched(match.rung, match.line, match.places) for _, match in sorted(placed.items()))
    return Result(content, result.line, matched)
