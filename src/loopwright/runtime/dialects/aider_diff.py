"""`aider_diff`: a path, then blocks that say which lines to search for and what to put there.

    src/app.py
    ```
    <<<<<<< SEARCH
    old lines
    =======
    new lines
    >>>>>>> REPLACE
    ```

The path may also be the first line in the fence; the fence may be left out. An empty SEARCH creates the file. The
syntax is aider's; the marks may be longer, all three alike, where the code itself holds such a line.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from loopwright.runtime.calls import Call
from loopwright.runtime.dialects.dialect import Block, Dialect, Fault, ParseOptions
from loopwright.runtime.dialects.source import Fence, Line, Source
from loopwright.runtime.edits.operations import Create, Hunk, Operation, Update

__all__ = ["AiderDiff"]

_SEARCH = re.compile(r" {0,3}(<{5,9}) SEARCH[ \t]*")
_MARK = re.compile(r"^ {0,3}(?:(<{5,9}) SEARCH|(={5,9})|(>{5,9}) REPLACE)[ \t]*\r?$", re.MULTILINE)
_PATH = re.compile(r"[^\s<>|*?\"`\x00-\x1f]+(?: [^\s<>|*?\"`\x00-\x1f]+)*")
_LABEL = re.compile(r"(?i:^(?:file(?:name)?|path):\s*)")


class _Part(NamedTuple):
    """One SEARCH/REPLACE and where it ends, at the start of a line."""

    old: str
    new: str
    end: int


class AiderDiff(Dialect):
    """SEARCH/REPLACE blocks."""

    name = "aider_diff"
    serves = "edit"
    opener = r"<{5,9} SEARCH[ \t]*\r?$"

    def at_opener(self, source: Source, start: int, options: ParseOptions) -> Block | None:
        """Read blocks without a fence; the path is the line above."""
        line = source.line_start(start)
        return self._read(source, line, line, _path_above(source, line), None, options)

    def at_fence(self, source: Source, fence: Fence, options: ParseOptions) -> Block | None:
        """Read a fence whose first line is SEARCH, or a path with SEARCH below it."""
        first = source.line(source.past_blank(fence.body))
        if _SEARCH.fullmatch(first.text):
            return self._read(source, fence.start, first.start, _path_above(source, fence.start), fence, options)
        below = source.line(source.past_blank(first.next))
        if _path(first.text) and _SEARCH.fullmatch(below.text):
            return self._read(source, fence.start, below.start, (first.start, _path(first.text)), fence, options)
        return None

    def _read(
        self,
        source: Source,
        opener: int,
        search: int,
        path: tuple[int, str],
        fence: Fence | None,
        options: ParseOptions,
    ) -> Block:
        start = min(opener, path[0])
        try:
            operations, end = _Reader(source, options).read(search, path[1], fence)
        except Fault as fault:
            end = self._end_of_malformed(source, fault.at, search)
            return self.malformed(source, (start, end), fault.at, fault.found, fault.expected)
        return self.edit(source, start, end, operations, options)

    @staticmethod
    def _end_of_malformed(source: Source, at: int, search: int) -> int:
        """Behind the block's REPLACE and its fence; the end of the text where there is no REPLACE."""
        for found in _MARK.finditer(source.text, max(at, search)):
            if found[3]:
                return _past_closing(source, source.line(found.start()).next)
        return len(source.text)

    def render(self, call: Call, options: ParseOptions) -> str:
        """Write updates and creations; each file's path is above its fence, or in the fence where there are several."""
        operations = call.operations or ()
        texts = [self._written(call, operation) for operation in operations]
        if not texts:
            raise self.cannot(call)
        paths = [operation.path for operation in operations]
        body = "".join(f"{path}\n{text}" for path, text in zip(paths, texts, strict=True))
        above = ""
        if len(paths) == 1:
            above, body = f"{paths[0]}\n", texts[0]
        marks = "`" * max(3, *(len(run) + 1 for run in re.findall("`{3,}", body)), 3)
        return f"{above}{marks}\n{body}{marks}"

    def _written(self, call: Call, operation: Operation) -> str:
        hunks: tuple[Hunk, ...]
        if isinstance(operation, Create) and not operation.overwrite:
            hunks = (Hunk("", operation.content),)
        elif isinstance(operation, Update) and operation.move_to is None and all(map(_plain, operation.hunks)):
            hunks = operation.hunks
        else:
            raise self.cannot(call)
        if not hunks or any(not _lines(hunk.old) or not _lines(hunk.new) for hunk in hunks):
            raise self.cannot(call)
        return "".join(self._block(call, hunk) for hunk in hunks)

    def _block(self, call: Call, hunk: Hunk) -> str:
        lines = {line.strip(" \t\r") for line in f"{hunk.old}\n{hunk.new}".split("\n")}
        for size in (7, 8, 9):
            search, divider, replace = f"{'<' * size} SEARCH", "=" * size, f"{'>' * size} REPLACE"
            if not lines & {search, divider, replace}:
                return f"{search}\n{hunk.old}{divider}\n{hunk.new}{replace}\n"
        raise self.cannot(call)


class _Reader:
    """Reads SEARCH/REPLACE blocks that follow each other in one fence, or without one."""

    def __init__(self, source: Source, options: ParseOptions) -> None:
        self._source = source
        self._options = options
        self._operations: list[Operation] = []

    def read(self, start: int, path: str, fence: Fence | None) -> tuple[list[Operation], int]:
        if not path:
            found = "a SEARCH block without a path"
            raise Fault(start, found, "the path of the file, alone on the line above the block")
        at: int | None = start
        while at is not None:
            part = self._part(at)
            self._add(path, part, at)
            at, path = self._another(part.end, path)
        end = part.end
        return self._operations, _past_closing(self._source, end) if fence else end

    def _another(self, end: int, path: str) -> tuple[int | None, str]:
        """Where the next SEARCH of the same block stands, and its path: directly below, or below a path."""
        first = self._source.line(self._source.past_blank(end))
        if _SEARCH.fullmatch(first.text):
            return first.start, path
        below = self._source.line(first.next)
        if _path(first.text) and _SEARCH.fullmatch(below.text):
            return below.start, _path(first.text)
        return None, path

    def _part(self, start: int) -> _Part:
        opener = self._source.line(start)
        size = len(opener.text.strip()) - len(" SEARCH")
        dividers: list[Line] = []
        for found in _MARK.finditer(self._source.text, opener.next):
            line = self._source.line(found.start())
            if found[1] and len(found[1]) == size:
                raise Fault(line.start, "a second SEARCH", f"{'>' * size} REPLACE before it, to end the block above")
            if found[2]:
                dividers.append(line)
            if found[3] and (len(found[3]) == size or not any(len(each.text.strip()) == size for each in dividers)):
                return self._split(opener, dividers, line, size)
        raise Fault(start, "a SEARCH block that does not end", f"{'=' * size} and {'>' * size} REPLACE on own lines")

    def _split(self, opener: Line, dividers: list[Line], closer: Line, size: int) -> _Part:
        alike = [line for line in dividers if len(line.text.strip()) == size] or dividers
        if len(alike) != 1:
            expected = f"exactly one line {'=' * size} in a block; where the code has such lines, make all marks longer"
            raise Fault((alike or [closer])[-1].start, f"{len(alike)} lines that divide SEARCH from REPLACE", expected)
        old = self._text(opener.next, alike[0].start, opener)
        new = self._text(alike[0].next, closer.start, opener)
        return _Part(old, new, closer.next)

    def _text(self, start: int, end: int, opener: Line) -> str:
        text = self._source.text[start:end]
        is_crlf = self._source.text[opener.start : opener.next].endswith("\r\n")
        return text.replace("\r\n", "\n") if is_crlf else text

    def _add(self, path: str, part: _Part, start: int) -> None:
        if not part.old.strip("\r\n"):
            if self._options.prefer_write_file_tool:
                tool = self._options.write_tool
                raise Fault(start, "an empty SEARCH", f"a call of {tool} to create a file; SEARCH needs text to find")
            self._operations.append(Create(path, part.new))
            return
        hunk, last = Hunk(part.old, part.new), self._operations[-1] if self._operations else None
        if isinstance(last, Update) and last.path == path:
            self._operations[-1] = Update(path, (*last.hunks, hunk))
        else:
            self._operations.append(Update(path, (hunk,)))


def _past_closing(source: Source, end: int) -> int:
    """Behind a bare fence that follows, or `end` where there is none: complete marks make a block complete."""
    below = source.past_blank(end)
    fence = source.fence_at(below) if below < len(source.text) else None
    return fence.body if fence and not fence.info else end


def _path_above(source: Source, start: int) -> tuple[int, str]:
    """Where the line with the path stands, directly above or after one blank line, and the path; else ""."""
    line = source.previous_line(start)
    if line and not line.text.strip():
        line = source.previous_line(line.start)
    path = _path(line.text) if line else ""
    return (line.start, path) if line and path else (start, "")


def _path(line: str) -> str:
    """The path that a line consists of, without Markdown around it, or ""."""
    text = line.strip()
    bare = text.strip("*# \t").removesuffix(":").strip("* \t")
    named = _LABEL.sub("", bare).removesuffix(":")
    path = named.strip("`")
    if not _PATH.fullmatch(path) or path.endswith((".", "/")):
        return ""
    if path != bare:  # in backticks, or after `File:`
        return path
    return path if " " not in path and ("." in path or "/" in path or path == text) else ""


def _plain(hunk: Hunk) -> bool:
    return (
        bool(hunk.old.strip("\r\n"))
        and hunk.whole_lines
        and not (hunk.anchors or hunk.line or hunk.at_end or hunk.everywhere)
    )


def _lines(text: str) -> bool:
    return not text or text.endswith("\n")
