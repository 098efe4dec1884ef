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
from itertools import takewhile

from loopwright.runtime.calls import Call
from loopwright.runtime.dialects._diff_lines import HunkLines, sayable, written
from loopwright.runtime.dialects.dialect import Block, Dialect, Fault, ParseOptions
from loopwright.runtime.dialects.source import Fence, Line, Source
from loopwright.runtime.edits.operations import Create, Delete, Hunk, Move, Operation, Update

__all__ = ["OpencodePatch"]

_BEGIN, _END = "*** Begin Patch", "*** End Patch"
_FILE = re.compile(r"\*\*\* (Add|Update|Delete) File:[ \t]*(\S.*?)[ \t]*")
_MOVE = re.compile(r"\*\*\* Move to:[ \t]*(\S.*?)[ \t]*")
_LABELS = ("patch", "diff", "apply_patch")
_EXPECTED = "*** Add File: path, *** Update File: path, *** Delete File: path or *** End Patch"


class OpencodePatch(Dialect):
    """V4A patches."""

    name = "opencode_patch"
    serves = "edit"
    opener = r"\*\*\* Begin Patch[ \t]*\r?$"

    def at_opener(self, source: Source, start: int, options: ParseOptions) -> Block | None:
        """Read from `*** Begin Patch` to `*** End Patch`."""
        return self._read(source, start, source.line(source.line_start(start)).next, None, options)

    def at_fence(self, source: Source, fence: Fence, options: ParseOptions) -> Block | None:
        """Read a fence with one of our labels whose first line is `*** Begin Patch`."""
        first = source.line(source.past_blank(fence.body))
        if fence.info not in _LABELS or first.text.strip() != _BEGIN:
            return None
        return self._read(source, fence.start, first.next, fence, options)

    def _read(self, source: Source, start: int, body: int, fence: Fence | None, options: ParseOptions) -> Block:
        lines = list(takewhile(_is_inside, source.lines(body)))
        end = source.line(lines[-1].next if lines else body)
        if end.text.strip() != _END:
            fault = Fault(start, "a patch that does not end", f"{_END} on a line of its own")
            return self.malformed(source, (start, len(source.text)), fault)
        span = (start, source.past_closing(end.next) if fence else end.next)
        return self.block(source, span, lambda: [self.edit(source, span, _operations(lines, start), options)])

    def render(self, call: Call, options: ParseOptions) -> str:
        """Write any whole-line edit."""
        sections = [self._section(call, operation) for operation in call.operations or ()]
        if not sections:
            raise self.cannot(call)
        return "\n".join([_BEGIN, *(line for lines in sections for line in lines), _END])

    def _section(self, call: Call, operation: Operation) -> list[str]:
        match operation:
            case Create(path, content, False) if not content or (content.endswith("\n") and "\r\n" not in content):
                return [f"*** Add File: {path}", *(f"+{line}" for line in content.split("\n")[:-1])]
            case Delete(path):
                return [f"*** Delete File: {path}"]
            case Move(path, to):
                return [f"*** Update File: {path}", f"*** Move to: {to}"]
            case Update(path, hunks, to) if hunks and all(sayable(hunk) and hunk.line is None for hunk in hunks):
                move = [f"*** Move to: {to}"] if to else []
                return [f"*** Update File: {path}", *move, *(line for hunk in hunks for line in _hunk(hunk))]
        raise self.cannot(call)


def _hunk(hunk: Hunk) -> list[str]:
    head = [f"@@ {anchor}" for anchor in hunk.anchors] or ["@@"]
    return [*head, *written(hunk), *(["*** End of File"] if hunk.at_end else [])]


def _is_inside(line: Line) -> bool:
    return line.text.strip() != _END or line.text[:1] in ("+", "-", " ")


def _operations(lines: list[Line], start: int) -> list[Operation]:
    """What the lines between the marks say, file by file; `start` is where the patch begins."""
    sections: list[tuple[re.Match[str], list[Line]]] = []
    for line in lines:
        if head := _FILE.fullmatch(line.text):
            sections.append((head, [line]))
        elif sections:
            sections[-1][1].append(line)
        elif line.text.strip():
            raise Fault(line.start, line.text, _EXPECTED)
    if not sections:
        raise Fault(start, "an empty patch", _EXPECTED)
    return [_operation(head[1], head[2], section) for head, section in sections]


def _operation(action: str, path: str, lines: list[Line]) -> Operation:
    if action == "Update":
        return _updated(path, lines)
    while not lines[-1].text.strip():  # blank lines count only where more lines follow
        lines.pop()
    for line in lines[1:]:
        if line.text.strip() and not (action == "Add" and line.text.startswith("+")):
            raise Fault(line.start, line.text, "a + before each line of a new file" if action == "Add" else _EXPECTED)
    return Delete(path) if action == "Delete" else Create(path, "".join(f"{line.text[1:]}\n" for line in lines[1:]))


def _updated(path: str, lines: list[Line]) -> Operation:
    hunks: list[HunkLines] = []
    move_to: str | None = None
    for line in lines[1:]:
        move = _MOVE.fullmatch(line.text)
        if move and not hunks:
            move_to = move[1]
        elif line.text.startswith("*** "):
            _end_of_file(hunks, line)
        elif line.text or hunks:
            _take(hunks, line.text)
    changing = tuple(each.hunk() for each in hunks if each.changes)
    if changing:
        return Update(path, changing, move_to)
    if move_to:
        return Move(path, move_to)
    raise Fault(lines[0].start, lines[0].text, "lines that begin with + or - below it")


def _end_of_file(hunks: list[HunkLines], line: Line) -> None:
    if not line.text.startswith("*** End of File"):
        raise Fault(line.start, line.text, _EXPECTED)
    if not hunks or not hunks[-1].lines:
        raise Fault(line.start, line.text, "lines of a hunk before *** End of File")
    hunks[-1].at_end = True


def _take(hunks: list[HunkLines], text: str) -> None:
    """Take a line into the last hunk; a new one begins at a header below lines, and after the end of the file."""
    is_header = text.startswith("@@")
    if not hunks or hunks[-1].at_end or (is_header and hunks[-1].lines):
        hunks.append(HunkLines())
    if is_header:
        hunks[-1].take_header(text)
    else:
        hunks[-1].add(text)
