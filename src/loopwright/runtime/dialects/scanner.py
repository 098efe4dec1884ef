"""One pass over a reply: the earliest opener wins, and what is inside of a block is never read again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from loopwright.base import one_line
from loopwright.runtime.calls import Call, Malformed, Parsed
from loopwright.runtime.dialects.dialect import Block, Dialect, Fault, ParseOptions
from loopwright.runtime.dialects.source import FENCE_OPENER, Fence, Quotes, Source

__all__ = ["parse"]


def parse(text: str, reply: int, dialects: Sequence[Dialect], options: ParseOptions) -> Parsed:
    """Read the calls of the `reply`-th reply (from 1) in some dialects at once.

    What belongs to none of them, and all code in ordinary fences and in inline code, is prose. Linear in the length
    of the text; never raises.
    """
    calls: list[Call] = []
    malformed: list[Malformed] = []
    prose: list[str] = []
    done = 0
    for block in _Scan(Source(text), dialects, options).blocks():
        prose.append(text[done : block.start])
        done = block.end
        for call in block.calls:
            calls.append(msgspec.structs.replace(call, call_id=f"text_{reply}_{len(calls) + 1}"))
        if block.malformed:
            malformed.append(block.malformed)
    prose.append(text[done:])
    return Parsed(tuple(calls), tuple(malformed), "".join(prose))


_FAR = 1000  # what has so many characters before it on its line does not begin it, even if all of them are spaces


class _Scan:
    def __init__(self, source: Source, dialects: Sequence[Dialect], options: ParseOptions) -> None:
        self._source = source
        self._dialects = dialects
        self._options = options
        self._quotes = Quotes(source.text)
        self._next = 0

    def blocks(self) -> Iterator[Block]:
        """The blocks of the text in text order; they do not overlap."""
        pattern = _candidates(self._dialects)
        while found := pattern.search(self._source.text, self._next):
            self._next = found.end()
            block = self._block(found)
            if block:
                self._go_on_after(block.end)
                yield block

    def _go_on_after(self, end: int) -> None:
        self._next = self._source.floor = end
        self._quotes.restart(end)

    def _block(self, found: re.Match[str]) -> Block | None:
        kind = str(found.lastgroup)
        start = found.start(kind)
        if kind == "fence":
            return self._fence(self._source.line_start(start))
        dialect = self._dialects[int(kind[1:])]
        if kind[0] == "t" and not self._begins_line(start):
            return self._misplaced(dialect, start, found.end())
        return self._unquoted(dialect, start, dialect.at_opener(self._source, start, self._options))

    def _begins_line(self, start: int) -> bool:
        """Whether nothing but a small indentation, or another block, is before `start` on its line."""
        line = self._source.line_start(start)
        before = self._source.text[max(line, self._source.floor, start - _FAR) : start]
        is_first = len(before) < _FAR and not before.strip()
        return is_first and (self._source.floor > line or len(before.expandtabs()) <= 3)

    def _unquoted(self, dialect: Dialect, start: int, block: Block | None) -> Block | None:
        if block is None or not self._quotes.holds(start):
            return block
        found = self._source.line(self._source.line_start(start)).text
        expected = "no backticks around a call, and each backtick of the text before it closed"
        return dialect.malformed(
            self._source, (block.start, block.end), Fault(start, f"{found} in inline code", expected)
        )

    def _misplaced(self, dialect: Dialect, start: int, end: int) -> Block | None:
        """A tag in the middle of a line: a mention, unless it is closed there or ends the line."""
        text, line_end = self._source.text, self._source.line_end(start)
        if self._quotes.holds(start):
            return None
        closer = self._source.search(re.compile(re.escape(dialect.closer)), end)
        if closer is None or (closer.start() > line_end and text[end:line_end].strip()):
            return None
        tag = text[start:end]
        fault = Fault(start, f"{tag} in the middle of a line", f"{tag} at the beginning of a line")
        return dialect.malformed(self._source, (start, closer.end()), fault)

    def _fence(self, start: int) -> Block | None:
        fence = self._source.fence_at(start)
        if fence is None:
            return None
        for dialect in self._dialects:
            block = dialect.at_fence(self._source, fence, self._options)
            if block:
                return self._unquoted(dialect, start, block)
        end = self._source.past_ordinary(fence)
        if end is None:
            return self._unclosed(fence)
        self._go_on_after(end)
        return None

    def _unclosed(self, fence: Fence) -> Block | None:
        """All the rest is code then. Where it looks like calls, the model must hear that they did not run."""
        end = len(self._source.text)
        self._next = end
        for found in _candidates(self._dialects).finditer(self._source.text, fence.body):
            dialect = self._would_call(found)
            if dialect:
                what = f"{one_line(fence.marks + fence.info, 60)}, a fence that is never closed, and calls after it"
                return dialect.malformed(
                    self._source, (fence.start, end), Fault(fence.start, what, f"{fence.marks} after it")
                )
        return None

    def _would_call(self, found: re.Match[str]) -> Dialect | None:
        kind = str(found.lastgroup)
        if kind != "fence":
            return self._dialects[int(kind[1:])]
        fence = self._source.fence_at(self._source.line_start(found.start(kind)))
        claims = (dialect for dialect in self._dialects if fence)
        return next((each for each in claims if fence and each.at_fence(self._source, fence, self._options)), None)


def _candidates(dialects: Sequence[Dialect]) -> re.Pattern[str]:
    """Every place where a block could begin, as one expression: `fence`, `o<n>` and `t<n>` for the n-th dialect."""
    choices = [rf"^ {{0,3}}(?P<fence>{FENCE_OPENER})"]
    choices += [rf"^ {{0,3}}(?P<o{n}>{dialect.opener})" for n, dialect in enumerate(dialects) if dialect.opener]
    choices += [f"(?P<t{n}>{dialect.tag})" for n, dialect in enumerate(dialects) if dialect.tag]
    return re.compile("|".join(choices), re.MULTILINE)
