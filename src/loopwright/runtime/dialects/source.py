"""A reply as the scanner sees it: lines, fences, and what is quoted as inline code."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

__all__ = ["FENCE_OPENER", "Fence", "Line", "Quotes", "Source"]

FENCE_OPENER = r"`{3,}(?=[^`\n]*$)|~{3,}"
_FENCE = re.compile(rf"^( {{0,3}})({FENCE_OPENER})([^\n]*)$", re.MULTILINE)
_AT_LINE_START = re.compile(r"(?:\n|\A) {0,3}\Z")
_TICKS_OR_BLANK_LINE = re.compile(r"`+|\n[ \t\r]*\n")


class Fence(NamedTuple):
    """An opening fence: where its line starts, and where its body starts; `info` is all that follows the marks."""

    start: int
    body: int
    indent: int
    marks: str
    info: str


class Line(NamedTuple):
    """A line without its ending: where it starts, what it is, and where the next one starts."""

    start: int
    text: str
    next: int


class Source:
    """A text with what scanning needs to know about it. Lines end at `\\n` only; offsets are in characters.

    Attributes:
        floor: Where the prose before the place that is being read began: a block may not reach back beyond it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.floor = 0
        self._never_found: dict[re.Pattern[str], int] = {}

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    def search(self, pattern: re.Pattern[str], at: int) -> re.Match[str] | None:
        """The first match from `at` on. A search that failed once is not repeated: hostile texts stay linear."""
        if self._never_found.get(pattern, at + 1) <= at:
            return None
        found = pattern.search(self.text, at)
        if found is None:
            self._never_found[pattern] = at
        return found

    def line_number(self, at: int) -> int:
        """The number, from 1, of the line with the character at `at`."""
        return bisect_right(self._starts, at)

    def start_of_line(self, number: int) -> int:
        """Where the line with a number, from 1, starts; of the last line where there are fewer."""
        return self._starts[min(number, len(self._starts)) - 1]

    def line_start(self, at: int) -> int:
        """Where the line with the character at `at` starts."""
        return self._starts[self.line_number(at) - 1]

    def line_end(self, at: int) -> int:
        """The offset of the newline that ends the line with `at`, or of the end of the text."""
        number = self.line_number(at)
        return self._starts[number] - 1 if number < len(self._starts) else len(self.text)

    def line(self, start: int) -> Line:
        """The line that starts at `start`, without `\\n` and a carriage return before it."""
        end = self.line_end(start)
        return Line(start, self.text[start:end].removesuffix("\r"), min(end + 1, len(self.text)))

    def lines(self, start: int, end: int | None = None) -> Iterator[Line]:
        """The lines from the one that starts at `start` to the one that holds `end` - 1."""
        stop = len(self.text) if end is None else end
        while start < stop:
            line = self.line(start)
            yield line
            start = line.next

    def previous_line(self, start: int) -> Line | None:
        """The line before the one that starts at `start`, unless it begins before the floor."""
        before = self.line_start(start - 1) if start > self.floor else -1
        return self.line(before) if before >= self.floor else None

    def past_blank(self, start: int) -> int:
        """The start of the first line from `start` on that is not blank."""
        for line in self.lines(start):
            if line.text.strip():
                return line.start
        return len(self.text)

    def fence_at(self, start: int) -> Fence | None:
        """The fence that the line at `start` opens, or None."""
        found = _FENCE.match(self.text, start)
        if not found:
            return None
        body = min(found.end() + 1, len(self.text))
        return Fence(start, body, len(found[1]), found[2], found[3].strip())

    def closing(self, fence: Fence) -> Line | None:
        """The line that closes a fence around a call: bare marks, not indented deeper than the opening ones."""
        pattern = re.compile(rf"^ {{0,{fence.indent}}}{fence.marks[0]}{{{len(fence.marks)},}}[ \t\r]*$", re.MULTILINE)
        found = self.search(pattern, fence.body)
        return self.line(found.start()) if found else None

    def past_closing(self, at: int) -> int:
        """Behind a bare fence that follows, or `at` where there is none: complete marks make a block complete."""
        below = self.past_blank(at)
        fence = self.fence_at(below) if below < len(self.text) else None
        return fence.body if fence and not fence.info else at

    def past_ordinary(self, fence: Fence) -> int | None:
        """Where the line after an ordinary fence starts; None where it is never closed.

        A fence with a label inside of it is taken as nested, so that a quoted example stays quoted as a whole.
        """
        open_marks = [fence.marks]
        for found in _FENCE.finditer(self.text, fence.body):
            marks, info = found[2], found[3].strip()
            if info and marks[0] == open_marks[-1][0]:
                open_marks.append(marks)
            elif not info and marks.startswith(open_marks[-1]):
                open_marks.pop()
            if not open_marks:
                return min(found.end() + 1, len(self.text))
        return None


class Quotes:
    """Which places of a text stand in inline code. Asked from left to right, it reads the text once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._read = 0
        self._code_end = 0

    def restart(self, at: int) -> None:
        """Forget what was before `at`: a block ended there."""
        self._read = self._code_end = at

    def holds(self, at: int) -> bool:
        """Whether `at` is between two equal runs of backticks of one paragraph."""
        while self._read < at:
            run = _TICKS_OR_BLANK_LINE.search(self._text, self._read, at)
            if run is None:
                self._read = at
            elif run[0][0] == "`":
                # Runs without a partner have distinct lengths, so that there are few of these searches.
                self._code_end = self._read = self._partner(run) or run.end()
            else:
                self._read = run.end() - 1
        return at < self._code_end

    def _partner(self, run: re.Match[str]) -> int | None:
        for found in _TICKS_OR_BLANK_LINE.finditer(self._text, run.end()):
            if found[0][0] == "\n" or self._is_fence(found):
                return None
            if found[0] == run[0]:
                return found.end()
        return None

    def _is_fence(self, run: re.Match[str]) -> bool:
        before = self._text[max(run.start() - 4, 0) : run.start()]
        return len(run[0]) >= 3 and _AT_LINE_START.search(before) is not None
