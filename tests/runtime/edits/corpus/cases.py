"""What a case of the corpus is: files before and after, and one edit written in every dialect that can express it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from loopwright.runtime.edits import Create, Delete, Hunk, Move, Operation, Update

__all__ = ["DIALECTS", "SEEDS", "Block", "Case", "FileEdit", "body", "native", "seed", "write"]

DIALECTS = ("aider_diff", "unified_diff", "opencode_patch", "native")
SEEDS = ("ledger.py", "ring.c", "router.js", "guide.md", "deploy.yaml")

_FOLDER = Path(__file__).parent / "seeds"


class Block(NamedTuple):
    """A change as the model writes it: lines before and after, without endings.

    `line` is where it says that `old` begins; None where it gives no number.
    """

    old: list[str]
    new: list[str]
    line: int | None = None
    anchors: tuple[str, ...] = ()
    at_end: bool = False


class FileEdit(NamedTuple):
    """What the model does to one file: its blocks, or its content, or neither for a deletion."""

    path: str
    blocks: Sequence[Block] = ()
    content: str | None = None
    move_to: str = ""


class Case(NamedTuple):
    """One edit.

    Attributes:
        name: Category, file and number.
        before: The files, by path.
        after: What they should be; None where the edit must be refused.
        texts: The reply of the model, by dialect.
        operations: The same as calls of an edit tool; None where it cannot say it.
    """

    name: str
    category: str
    before: dict[str, bytes]
    after: dict[str, bytes] | None
    texts: dict[str, str]
    operations: tuple[Operation, ...] | None


def seed(name: str) -> list[str]:
    """The lines of a seed file."""
    return (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").split("\n")[:-1]


def write(edits: Sequence[FileEdit], dialects: Sequence[str] = DIALECTS) -> dict[str, str]:
    """The edit as the reply of a model, in each of the text dialects that can express it."""
    texts = {name: _WRITERS[name](edits) for name in dialects if name in _WRITERS}
    return {name: text for name, text in texts.items() if text}


def native(edits: Sequence[FileEdit]) -> tuple[Operation, ...]:
    """The edit as the arguments of edit tools: old and new strings, content, paths."""
    operations: list[Operation] = []
    for edit in edits:
        if edit.content is not None:
            operations.append(Create(edit.path, edit.content))
        elif edit.blocks:
            hunks = tuple(_strings(block) for block in edit.blocks)
            operations.append(Update(edit.path, hunks, edit.move_to or None))
        else:
            operations.append(Move(edit.path, edit.move_to) if edit.move_to else Delete(edit.path))
    return tuple(operations)


def _strings(block: Block) -> Hunk:
    ending = "" if block.new else "\n"  # to remove whole lines, the model takes the newline too
    return Hunk("\n".join(block.old) + ending, "\n".join(block.new), whole_lines=False)


def body(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """The lines of a hunk: ` ` for both, `-` for old, `+` for new."""
    lines: list[str] = []
    for what, first, last, new_first, new_last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            lines += [" " + line for line in old[first:last]]
        else:
            lines += ["-" + line for line in old[first:last]] + ["+" + line for line in new[new_first:new_last]]
    return lines


def _aider(edits: Sequence[FileEdit]) -> str:
    """SEARCH/REPLACE blocks; empty where a file is deleted or moved, which they cannot say."""
    if any(edit.move_to or (edit.content is None and not edit.blocks) for edit in edits):
        return ""
    replies = ["I will make this change.\n"]
    for edit in edits:
        blocks = edit.blocks if edit.content is None else [Block([], edit.content.split("\n")[:-1])]
        for block in blocks:
            inside = ["<<<<<<< SEARCH", *block.old, "=======", *block.new, ">>>>>>> REPLACE"]
            replies.append("\n".join([edit.path, "```", *inside, "```", ""]))
    return "\n".join(replies)


def _unified(edits: Sequence[FileEdit]) -> str:
    lines = ["Here is the diff:", "", "```diff"]
    for edit in edits:
        if edit.move_to:
            return ""
        if edit.content is not None:
            new = edit.content.split("\n")[:-1]
            lines += ["--- /dev/null", f"+++ b/{edit.path}", f"@@ -0,0 +1,{len(new)} @@", *("+" + one for one in new)]
            continue
        if not edit.blocks:
            return ""
        lines += [f"--- a/{edit.path}", f"+++ b/{edit.path}"]
        shift = 0
        for block in edit.blocks:
            lines += [_header(block, shift), *body(block.old, block.new)]
            shift += len(block.new) - len(block.old)
    return "\n".join([*lines, "```", ""])


def _header(block: Block, shift: int) -> str:
    if block.line is None:
        return "@@ ... @@"
    return f"@@ -{block.line},{len(block.old)} +{block.line + shift},{len(block.new)} @@"


def deletion(path: str, lines: Sequence[str]) -> str:
    """A unified diff that deletes a file."""
    head = ["```diff", f"--- a/{path}", "+++ /dev/null", f"@@ -1,{len(lines)} +0,0 @@"]
    return "\n".join([*head, *("-" + line for line in lines), "```", ""])


def _patch(edits: Sequence[FileEdit]) -> str:
    lines = ["*** Begin Patch"]
    for edit in edits:
        if edit.content is not None:
            lines += [f"*** Add File: {edit.path}", *("+" + line for line in edit.content.split("\n")[:-1])]
            continue
        if not edit.blocks and not edit.move_to:
            lines.append(f"*** Delete File: {edit.path}")
            continue
        lines.append(f"*** Update File: {edit.path}")
        lines += [f"*** Move to: {edit.move_to}"] if edit.move_to else []
        for block in edit.blocks:
            lines += [f"@@ {anchor}" for anchor in block.anchors] or ["@@"]
            lines += body(block.old, block.new)
            lines += ["*** End of File"] if block.at_end else []
    return "\n".join([*lines, "*** End Patch", ""])


_WRITERS = {"aider_diff": _aider, "unified_diff": _unified, "opencode_patch": _patch}
