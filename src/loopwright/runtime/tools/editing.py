"""Tools that change files: all of them go through the edit engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio

from loopwright.base import MachineError, UsageError
from loopwright.runtime.calls import Outcome
from loopwright.runtime.edits import Create, EditReport, Hunk, Operation, Update, apply
from loopwright.runtime.tools.context import ToolContext

__all__ = ["apply_operations", "apply_patch", "create_file", "edit_file", "patch_operations", "write_file"]

_WRITTEN = {"created": "created", "updated": "replaced", "kept": "it is so already:"}


async def apply_operations(context: ToolContext, operations: Sequence[Operation]) -> Outcome:
    """Do typed edits, all or none.

    Raises:
        UsageError: One of them cannot be done; no file was changed. Where its text is to blame, an `EditError`.
    """
    report = await _applied(context, operations)
    return Outcome(
        report.text, summary=", ".join(f"{one.what} {one.path}" for one in report.changed), may_change_files=True
    )


async def _applied(context: ToolContext, operations: Sequence[Operation]) -> EditReport:
    try:
        return await anyio.to_thread.run_sync(apply, context.agent.workspace, operations)
    except MachineError as error:
        # A name that is too long, a folder that is read-only: the model may find another way.
        raise UsageError(error.what, remedy=error.remedy) from error


async def write_file(context: ToolContext, arguments: dict[str, Any], call_id: str) -> Outcome:
    """Create or replace a whole file."""
    content = arguments["content"]
    (changed,) = (await _applied(context, [Create(arguments["path"], content, overwrite=True)])).changed
    size = len(content.encode())
    lines = len(content.removesuffix("\n").split("\n")) if content else 0
    verb = _WRITTEN[changed.what]
    return Outcome(f"{verb} {arguments['path']} ({lines} lines, {size} bytes)", may_change_files=True)


async def create_file(context: ToolContext, arguments: dict[str, Any], call_id: str) -> Outcome:
    """Create a file that does not exist yet."""
    return await apply_operations(context, [Create(arguments["path"], arguments.get("content", ""))])


async def edit_file(context: ToolContext, arguments: dict[str, Any], call_id: str) -> Outcome:
    """Replace one piece of a file, or every occurrence of it where `everywhere` is true."""
    if not arguments["old"]:
        raise UsageError("the text to replace is empty; to make a file, write it whole")
    hunk = Hunk(arguments["old"], arguments["new"], whole_lines=False, everywhere=bool(arguments.get("everywhere")))
    return await apply_operations(context, [Update(arguments["path"], (hunk,))])


async def apply_patch(context: ToolContext, arguments: dict[str, Any], call_id: str) -> Outcome:
    """Apply a patch: `*** Begin Patch` ... `*** End Patch`, or a unified diff."""
    return await apply_operations(context, patch_operations(arguments["patch"]))


def patch_operations(patch: str) -> tuple[Operation, ...]:
    """The edits that a patch asks for.

    Raises:
        UsageError: It is neither form, or broken.
    """
    from loopwright.runtime.dialects import explain, get_dialect

    name = "opencode_patch" if "*** Begin Patch" in patch else "unified_diff"
    parsed = get_dialect(name).parse(patch, reply=1)
    if parsed.malformed:
        raise UsageError(explain(parsed.malformed[0]))
    operations = tuple(one for call in parsed.calls for one in call.operations or ())
    if not operations:
        raise UsageError("there is no patch in it; begin it with `*** Begin Patch`, or give a unified diff")
    return operations
