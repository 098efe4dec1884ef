"""`opencode_patch`: patches in the V4A form, which OpenCode and Codex use.

    *** Begin Patch
    *** Update File: src/app.py
    *** Move to: src/main.py
    @@ class App:
    @@     def run(self):
         kept
    -old
    +new
    *** End of File
    *** Add File: notes.txt
    +text
    *** Delete File: old.txt
    *** End Patch

Raw, or in a fence labelled `patch`, `diff` or `apply_patch`.
"""

from __future__ import annotations

import re

from loopwright.runtime.calls import Call
from loopwright.runtime.dialects._diff_lines import HunkLines, written
from loopwright.runtime.dialects.dialect import Block, Dialect, Fault, ParseOptions
from loopwright.runtime.dialects.source import Fence, Line, Source
from loopwright.runtime.edits.operations import Create, Delete, Hunk, Move, Operation, Update

__all__ = ["OpencodePatch"]

_BEGIN, _END = "*** Begin Patch", "*** End Patch"
_FILE = re.compile(r"\*\*\* (Add|Update|Delete) File:[ \t]*(\S.*?)[ \t]*")
_MOVE = re.compile(r"\*\*\* Move to:[ \t]*(\S.*?)[ \t]*")
_NUMBERS = re.compile(r"-(\d{1,9})(?:,\d+)? \+\d+(?:,\d+)?(?: @@(.*))?")
_LABELS = ("patch", "diff", "apply_patch")
_EXPECTED = "*** Add File: path, *** Update File: path, *** Delete File: path or *** End Patch"


class OpencodePatch(Dialect):
    """V4A patches."""

    name = "opencode_patch"
    serves = "edit"
    opener = r"\*\*\* Begin Patch[ \t]*\r?$"

    def at_opener(self, source: Source, start: int, options: ParseOptions) -> Block | None:
        """Read from `*** Begin Patch` to `*** End Patch`."""
        return self._read(source, start, source.line(source.line_start(start)).next, options)

    def at_fence(self, source: Source, fence: Fence, options: ParseOptions) -> Block | None:
        """Read a fence with one of our labels whose first line is `*** Begin Patch`."""
        first = source.line(source.past_blank(fence.body))
        if fence.info not in _LABELS or first.text.strip() != _BEGIN:
            return None
        block = self._read(source, fence.start, first.next, options)
        below = source.past_blank(block.end)
        closing = source.fence_at(below) if below < len(source.text) else None
        is_closed = closing is not None and not closing.info
        if not block.calls or closing is None or not is_closed:
            return block
        return self.edit(source, fence.start, closing.body, list(block.calls[0].operations or ()), options)

    def _read(self, source: Source, start: int, body: int, options: ParseOptions) -> Block:
        patch = _Patch()
        fault: Fault | None = None
        for line in source.lines(body):
            if line.text.strip() == _END and line.text[:1] not in ("+", "-", " "):
                return self._made(source, (start, line.next), patch, fault, options)
            try:
                if fault is None:
                    patch.take(line)
            except Fault as found:
                fault = found
        expected = f"{_END} on a line of its own"
        return self.malformed(source, (start, len(source.text)), start, "a patch that does not end", expected)

    def _made(
        self, source: Source, span: tuple[int, int], patch: _Patch, fault: Fault | None, options: ParseOptions
    ) -> Block:
        try:
            if fault:
                raise fault
            operations = patch.operations()
        except Fault as found:
            return self.malformed(source, span, found.at, found.found, found.expected)
        if not operations:
            return self.malformed(source, span, span[0], "an empty patch", _EXPECTED)
        return self.edit(source, *span, operations, options)

    def render(self, call: Call, options: ParseOptions) -> str:
        """Write any whole-line edit."""
        sections = [self._section(call, operation) for operation in call.operations or ()]
        if not sections:
            raise self.cannot(call)
        return "\n".join([_BEGIN, *(line for lines in sections for line in lines), _END])

    def _section(self, call: Call, operation: Operation) -> list[str]:
        match operation:
            case Create(path, content, False) if _addable(content):
                return [f"*** Add File: {path}", *(f"+{line}" for line in content.split("\n")[:-1])]
            case Delete(path):
                return [f"*** Delete File: {path}"]
            case Move(path, to):
                return [f"*** Update File: {path}", f"*** Move to: {to}"]
            case Update(path, hunks, to) if hunks and all(map(_sayable, hunks)):
                move = [f"*** Move to: {to}"] if to else []
                return [f"*** Update File: {path}", *move, *(line for hunk in hunks for line in self._hunk(hunk))]
        raise self.cannot(call)

    @staticmethod
    def _hunk(hunk: Hunk) -> list[str]:
        head = [f"@@ {anchor}" for anchor in hunk.anchors] or ["@@"]
        return [*head, *written(hunk), *(["*** End of File"] if hunk.at_end else [])]


class _File:
    """One file's section of a patch."""

    def __init__(self, line: Line, action: str, path: str) -> None:
        self.line = line
        self.action = action
        self.path = path
        self.move_to: str | None = None
        self.added: list[str] = []
        self.blank = 0
        self.hunks: list[HunkLines] = []
        self.headers: list[str] = []
        self.is_open = True  # whether lines may be added to the last hunk


class _Patch:
    """Takes the lines of a patch one by one."""

    def __init__(self) -> None:
        self._files: list[_File] = []

    def take(self, line: Line) -> None:
        found = _FILE.fullmatch(line.text)
        if found:
            self._files.append(_File(line, found[1], found[2]))
        elif not self._files:
            if line.text.strip():
                raise Fault(line.start, line.text, _EXPECTED)
        elif self._files[-1].action == "Update":
            self._update(self._files[-1], line)
        else:
            self._other(self._files[-1], line)

    @staticmethod
    def _other(file: _File, line: Line) -> None:
        if file.action == "Add" and line.text.startswith("+"):
            file.added += [""] * file.blank + [line.text[1:]]
            file.blank = 0
        elif line.text.strip():
            expected = "a + before each line of a new file" if file.action == "Add" else _EXPECTED
            raise Fault(line.start, line.text, expected)
        elif file.action == "Add":
            file.blank += 1  # counts only where more lines follow

    def _update(self, file: _File, line: Line) -> None:
        move = _MOVE.fullmatch(line.text)
        if move and not file.hunks and not file.headers:
            file.move_to = move[1]
        elif line.text.startswith("*** End of File"):
            self._end_of_file(file, line)
        elif line.text.startswith("*** "):
            raise Fault(line.start, line.text, _EXPECTED)
        elif line.text.startswith("@@"):
            file.headers.append(line.text[2:])
        elif line.text or file.hunks or file.headers:
            self._hunk(file).add(line.text)

    @staticmethod
    def _end_of_file(file: _File, line: Line) -> None:
        if not file.hunks or file.headers:
            raise Fault(line.start, line.text, "lines of a hunk before *** End of File")
        file.hunks[-1].at_end = True
        file.is_open = False

    @staticmethod
    def _hunk(file: _File) -> HunkLines:
        """The hunk that takes the next line: a new one after headers, and for the first line."""
        if file.headers or not file.hunks or not file.is_open:
            file.hunks.append(_headed(file.headers))
            file.headers, file.is_open = [], True
        return file.hunks[-1]

    def operations(self) -> list[Operation]:
        """What the patch says, once it is complete."""
        return [self._operation(file) for file in self._files]

    @staticmethod
    def _operation(file: _File) -> Operation:
        if file.action == "Delete":
            return Delete(file.path)
        if file.action == "Add":
            return Create(file.path, "".join(f"{text}\n" for text in file.added))
        for hunk in file.hunks:
            hunk.trim()
        hunks = tuple(hunk.hunk() for hunk in file.hunks if hunk.changes())
        if not hunks and file.move_to:
            return Move(file.path, file.move_to)
        if not hunks:
            raise Fault(file.line.start, file.line.text, "lines that begin with + or - below it")
        return Update(file.path, hunks, file.move_to)


def _headed(headers: list[str]) -> HunkLines:
    """A hunk below its `@@` lines. Numbers, as in a unified diff, are taken as the hint that they are."""
    anchors: list[str] = []
    first: int | None = None
    for header in headers:
        text = header.strip()
        numbers = _NUMBERS.fullmatch(text)
        if numbers:
            first, text = int(numbers[1]), (numbers[2] or "").strip()
        text = text.removesuffix("@@").rstrip()
        if text:
            anchors.append(text)
    return HunkLines(tuple(anchors), first)


def _addable(content: str) -> bool:
    return not content or (content.endswith("\n") and "\r\n" not in content)


def _sayable(hunk: Hunk) -> bool:
    sides = [side for side in (hunk.old, hunk.new) if side]
    whole = hunk.whole_lines and all(side.endswith("\n") for side in sides) and hunk.old != hunk.new
    return whole and hunk.line is None and not hunk.everywhere
