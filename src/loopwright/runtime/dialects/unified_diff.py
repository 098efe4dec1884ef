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
from loopwright.runtime.dialects._diff_lines import sayable, written
from loopwright.runtime.dialects._diff_paths import DEV_NULL
from loopwright.runtime.dialects._diff_reader import DiffReader
from loopwright.runtime.dialects.dialect import Block, Fault, FencedDialect, ParseOptions, fenced
from loopwright.runtime.dialects.source import Source
from loopwright.runtime.edits.operations import Create, Delete, Hunk, Move, Operation, Update

__all__ = ["UnifiedDiff"]

_NO_NEWLINE = "\\ No newline at end of file"


class UnifiedDiff(FencedDialect):
    """Unified diffs, fenced or raw."""

    name = "unified_diff"
    serves = "edit"
    opener = r"(?:diff --git \"?a/\S|--- \S)"
    labels = ("diff", "patch")
    shape = re.compile(r"(?:--- \S|diff --git |Index: \S|@@)")

    def at_opener(self, source: Source, start: int, options: ParseOptions) -> Block | None:
        """Read a raw diff up to the first line that cannot belong to it."""
        if source.text[start - 1 : start] == " ":
            return None
        if source.text.startswith("---", start):
            second = source.line(source.line(start).next)
            third = source.line(second.next)
            if not (second.text.startswith("+++ ") and third.text.startswith("@@")):
                return None
        reader = DiffReader(source, options, None)
        try:
            operations = reader.read(start)
        except Fault as fault:
            return self.malformed(source, (start, len(source.text)), fault)
        return Block(start, reader.end, (self.edit(source, (start, reader.end), operations, options),))

    def read(self, source: Source, body: tuple[int, int], span: tuple[int, int], options: ParseOptions) -> list[Call]:
        """Read the diff in a fence, which must be all of it."""
        return [self.edit(source, span, DiffReader(source, options, body[1]).read(body[0]), options)]

    def render(self, call: Call, options: ParseOptions) -> str:
        """Write any whole-line edit without several anchors."""
        sections = [self._section(call, operation) for operation in call.operations or ()]
        if not sections:
            raise self.cannot(call)
        return fenced("diff", "".join(f"{line}\n" for lines in sections for line in lines))

    def _section(self, call: Call, operation: Operation) -> list[str]:
        match operation:
            case Create(path, content, False) if "\r\n" not in content:
                head = [f"diff --git a/{path} b/{path}", "new file mode 100644"]
                return [*head, *_created(path, content)] if content else head
            case Delete(path):
                return [f"diff --git a/{path} b/{path}", "deleted file mode 100644", f"--- a/{path}", f"+++ {DEV_NULL}"]
            case Move(path, to):
                return _renamed(path, to)
            case Update(path, hunks, to) if hunks and all(sayable(hunk) and len(hunk.anchors) <= 1 for hunk in hunks):
                head = _renamed(path, to) if to else []
                return [
                    *head,
                    f"--- a/{path}",
                    f"+++ b/{to or path}",
                    *(line for hunk in hunks for line in _hunk(hunk)),
                ]
        raise self.cannot(call)


def _renamed(path: str, to: str) -> list[str]:
    return [f"diff --git a/{path} b/{to}", f"rename from {path}", f"rename to {to}"]


def _created(path: str, content: str) -> list[str]:
    lines = [f"+{line}" for line in content.removesuffix("\n").split("\n")]
    end = [] if content.endswith("\n") else [_NO_NEWLINE]
    return [f"--- {DEV_NULL}", f"+++ b/{path}", f"@@ -0,0 +1,{len(lines)} @@", *lines, *end]


def _hunk(hunk: Hunk) -> list[str]:
    old, new = hunk.old.count("\n"), hunk.new.count("\n")
    head = "@@ ... @@"
    if hunk.line is not None:
        head = f"@@ -{hunk.line if old else hunk.line - 1},{old} +{hunk.line},{new} @@"
    return [" ".join([head, *hunk.anchors]), *written(hunk), *([_NO_NEWLINE] if hunk.at_end else [])]
