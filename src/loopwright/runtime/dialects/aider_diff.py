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
from collections.abc import Iterator

from loopwright.runtime.calls import Call
from loopwright.runtime.dialects.dialect import Block, Dialect, Fault, ParseOptions, fenced
from loopwright.runtime.dialects.source import Fence, Line, Source
from loopwright.runtime.edits.operations import Create, Hunk, Operation, Update

__all__ = ["AiderDiff"]

_SEARCH = re.compile(r" {0,3}(<{5,9}) SEARCH[ \t]*")
_MARK = re.compile(r"^ {0,3}(?:(<{5,9}) SEARCH|(={5,9})|(>{5,9}) REPLACE)[ \t]*\r?$", re.MULTILINE)
_PATH = re.compile(r"[^\s<>|*?\"`\x00-\x1f]+(?: [^\s<>|*?\"`\x00-\x1f]+)*")
_LABEL = re.compile(r"(?i:^(?:file(?:name)?|path):\s*)")


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
            operations, end = _operations(source, search, path[1], options)
        except Fault as fault:
            return self.malformed(source, (start, _end_of_malformed(source, max(fault.at, search))), fault)
        span = (start, source.past_closing(end) if fence else end)
        return Block(*span, (self.edit(source, span, operations, options),))

    def render(self, call: Call, options: ParseOptions) -> str:
        """Write updates and creations; each file's path is above its fence, or in the fence where there are several."""
        operations = call.operations or ()
        texts = [self._written(call, operation) for operation in operations]
        if not texts:
            raise self.cannot(call)
        paths = [operation.path for operation in operations]
        body = "".join(f"{path}\n{text}" for path, text in zip(paths, texts, strict=True))
        return f"{paths[0]}\n{fenced('', texts[0])}" if len(paths) == 1 else fenced("", body)

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


def _end_of_malformed(source: Source, at: int) -> int:
    """Behind the block's REPLACE and its fence; the end of the text where there is no REPLACE."""
    replace = next((found for found in _MARK.finditer(source.text, at) if found[3]), None)
    return source.past_closing(source.line(replace.start()).next) if replace else len(source.text)


def _operations(source: Source, start: int, path: str, options: ParseOptions) -> tuple[list[Operation], int]:
    """What the blocks that follow each other from the SEARCH at `start` on say, and where they end."""
    if not path:
        raise Fault(start, "a SEARCH block without a path", "the path of the file, alone on the line above the block")
    operations: list[Operation] = []
    while True:
        hunk, end = _hunk(source, source.line(start))
        last = operations[-1] if operations else None
        if not hunk.old.strip("\r\n"):
            if options.prefer_write_file_tool:
                expected = f"a call of {options.write_tool} to create a file; SEARCH needs text to find"
                raise Fault(start, "an empty SEARCH", expected)
            operations.append(Create(path, hunk.new))
        elif isinstance(last, Update) and last.path == path:
            operations[-1] = Update(path, (*last.hunks, hunk))
        else:
            operations.append(Update(path, (hunk,)))
        # Another block of the same fence: directly below, or below a path.
        below = source.line(source.past_blank(end))
        if _path(below.text) and not _SEARCH.fullmatch(below.text):
            named, below = _path(below.text), source.line(below.next)
        else:
            named = path
        if not _SEARCH.fullmatch(below.text):
            return operations, end
        start, path = below.start, named


def _hunk(source: Source, opener: Line) -> tuple[Hunk, int]:
    """The block whose SEARCH is the line `opener`, and where it ends. Its marks have one length."""
    size = len(opener.text.strip()) - len(" SEARCH")
    dividers: list[Line] = []
    for found in _MARK.finditer(source.text, opener.next):
        line = source.line(found.start())
        if found[1] and len(found[1]) == size:
            raise Fault(line.start, "a second SEARCH", f"{'>' * size} REPLACE before it, to end the block above")
        if found[2]:
            dividers.append(line)
        alike = [each for each in dividers if len(each.text.strip()) == size]
        if found[3] and (len(found[3]) == size or not alike):
            old, new = _sides(source, opener, alike or dividers, line, size)
            return Hunk(old, new), line.next
    raise Fault(opener.start, "a SEARCH block that does not end", f"{'=' * size} and {'>' * size} REPLACE on own lines")


def _sides(source: Source, opener: Line, dividers: list[Line], closer: Line, size: int) -> Iterator[str]:
    if len(dividers) != 1:
        expected = f"exactly one line {'=' * size} in a block; where the code has such lines, make all marks longer"
        found = f"{len(dividers)} lines that divide SEARCH from REPLACE"
        raise Fault((dividers or [closer])[-1].start, found, expected)
    is_crlf = source.text[opener.start : opener.next].endswith("\r\n")
    for start, end in ((opener.next, dividers[0].start), (dividers[0].next, closer.start)):
        text = source.text[start:end]
        yield text.replace("\r\n", "\n") if is_crlf else text


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
