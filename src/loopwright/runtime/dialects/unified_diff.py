"""`unified_diff`: what `git diff` prints, in a fence labelled `diff` or `patch`, or raw.

    ```diff
    --- a/src/app.py
    +++ b/src/app.py
    @@ -1,2 +1,2 @@
     kept
    -old
    +new
    ```

Line numbers may be missing or wrong. `/dev/null` creates or deletes; `rename from` and `rename to` rename.
"""

from __future__ import annotations

import re

from loopwright.runtime.calls import Call
from loopwright.runtime.dialects._diff_lines import written
from loopwright.runtime.dialects._diff_paths import DEV_NULL
from loopwright.runtime.dialects._diff_reader import DiffReader
from loopwright.runtime.dialects.dialect import Block, Dialect, Fault, ParseOptions
from loopwright.runtime.dialects.source import Fence, Source
from loopwright.runtime.edits.operations import Create, Delete, Hunk, Move, Operation, Update

__all__ = ["UnifiedDiff"]

_LABELS = ("diff", "patch")
_SHAPE = re.compile(r"(?:--- \S|diff --git |Index: \S|@@)")


class UnifiedDiff(Dialect):
    """Unified diffs, fenced or raw."""

    name = "unified_diff"
    serves = "edit"
    opener = r"(?:diff --git \"?a/\S|--- \S)"

    def at_opener(self, source: Source, start: int, options: ParseOptions) -> Block | None:
        """Read a raw diff up to the first line that cannot belong to it."""
        if source.text[start - 1 : start] == " ":
            return None
        if source.text.startswith("---", start):
            second = source.line(source.line(start).next)
            third = source.line(second.next)
            if not (second.text.startswith("+++ ") and third.text.startswith("@@")):
                return None
        return self._read(source, start, start, None, None, options)

    def at_fence(self, source: Source, fence: Fence, options: ParseOptions) -> Block | None:
        """Read a fence with our label whose first line is a header of a diff."""
        if fence.info not in _LABELS:
            return None
        first = source.past_blank(fence.body)
        if not _SHAPE.match(source.text, first):
            return None
        closing = source.closing(fence)
        if closing is None:
            span = (fence.start, len(source.text))
            return self.malformed(source, span, fence.start, "a diff that does not end", f"{fence.marks} after it")
        return self._read(source, fence.start, first, closing.start, closing.next, options)

    def _read(
        self, source: Source, start: int, first: int, stop: int | None, end: int | None, options: ParseOptions
    ) -> Block:
        reader = DiffReader(source, options, stop)
        try:
            operations = reader.read(first)
        except Fault as fault:
            stopped = len(source.text) if stop is None else 0
            return self.malformed(source, (start, end or stopped), fault.at, fault.found, fault.expected)
        return self.edit(source, start, end or reader.end, operations, options)

    def render(self, call: Call, options: ParseOptions) -> str:
        """Write any whole-line edit without several anchors."""
        sections = [self._section(call, operation) for operation in call.operations or ()]
        if not sections:
            raise self.cannot(call)
        body = "".join(f"{line}\n" for lines in sections for line in lines)
        marks = "`" * max(3, *(len(run) + 1 for run in re.findall("^`{3,}", body, re.MULTILINE)), 3)
        return f"{marks}diff\n{body}{marks}"

    def _section(self, call: Call, operation: Operation) -> list[str]:
        match operation:
            case Create(path, content, False) if "\r\n" not in content:
                return self._created(path, content)
            case Delete(path):
                return [f"diff --git a/{path} b/{path}", "deleted file mode 100644", f"--- a/{path}", f"+++ {DEV_NULL}"]
            case Move(path, to):
                return [f"diff --git a/{path} b/{to}", f"rename from {path}", f"rename to {to}"]
            case Update(path, hunks, to) if hunks and all(map(_sayable, hunks)):
                head = [f"diff --git a/{path} b/{to}", f"rename from {path}", f"rename to {to}"] if to else []
                lines = [line for hunk in hunks for line in self._hunk(hunk)]
                return [*head, f"--- a/{path}", f"+++ b/{to or path}", *lines]
        raise self.cannot(call)

    @staticmethod
    def _created(path: str, content: str) -> list[str]:
        head = [f"diff --git a/{path} b/{path}", "new file mode 100644"]
        if not content:
            return head
        lines = content.split("\n")
        end = [] if content.endswith("\n") else ["\\ No newline at end of file"]
        lines = lines if end else lines[:-1]
        return [
            *head,
            f"--- {DEV_NULL}",
            f"+++ b/{path}",
            f"@@ -0,0 +1,{len(lines)} @@",
            *(f"+{x}" for x in lines),
            *end,
        ]

    @staticmethod
    def _hunk(hunk: Hunk) -> list[str]:
        lines = written(hunk)
        old, new = hunk.old.count("\n"), hunk.new.count("\n")
        if hunk.line is None:
            head = "@@ ... @@"
        else:
            first = hunk.line if old else hunk.line - 1
            head = f"@@ -{first},{old} +{hunk.line},{new} @@"
        end = ["\\ No newline at end of file"] if hunk.at_end else []
        return [" ".join([head, *hunk.anchors]), *lines, *end]


def _sayable(hunk: Hunk) -> bool:
    sides = [side for side in (hunk.old, hunk.new) if side]
    whole = hunk.whole_lines and all(side.endswith("\n") for side in sides) and hunk.old != hunk.new
    return whole and len(hunk.anchors) <= 1 and not hunk.everywhere
