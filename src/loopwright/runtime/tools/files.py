"""Tools that read and write files: read_file, write_file, edit_file, list_dir, search."""

from __future__ import annotations

import shlex
from typing import Any

from loopwright.agents.protocol import AgentContext
from loopwright.base import UsageError
from loopwright.runtime.tools._files import inside, read_text, shown, write_text
from loopwright.runtime.tools.shell import run_in_sandbox
from loopwright.runtime.tools.toolbox import ToolResult

__all__ = ["edit_file", "list_dir", "read_file", "search", "write_file"]

_LINES = 2000


async def read_file(context: AgentContext, arguments: dict[str, Any], call_id: str) -> ToolResult:
    """Lines of a file, numbered, from `offset` (1 is the first), at most `limit`."""
    # Split at newlines only, so that numbers agree with those of compilers.
    lines = read_text(context.workspace, arguments["path"]).removesuffix("\n").split("\n")
    lines = [] if lines == [""] else lines
    start, count = max(arguments.get("offset", 1), 1), max(arguments.get("limit", _LINES), 1)
    chosen = lines[start - 1 : start - 1 + count]
    if lines and not chosen:
        raise UsageError(f"{arguments['path']} has only {len(lines)} lines")
    text = "\n".join(f"{number:>5}  {line}" for number, line in enumerate(chosen, start))
    rest = len(lines) - (start - 1 + len(chosen))
    if rest > 0:
        text += f"\n[{rest} more lines; go on with offset {start + len(chosen)}]"
    return ToolResult(text or "(the file is empty)", summary=f"{len(chosen)} lines of {arguments['path']}")


async def write_file(context: AgentContext, arguments: dict[str, Any], call_id: str) -> ToolResult:
    """Create or replace a whole file."""
    new = write_text(context.workspace, arguments["path"], arguments["content"])
    size, lines = len(arguments["content"].encode("utf-8", "replace")), len(arguments["content"].splitlines())
    verb = "created" if new else "replaced"
    return ToolResult(f"{verb} {arguments['path']} ({lines} lines, {size} bytes)", may_change_files=True)


async def edit_file(context: AgentContext, arguments: dict[str, Any], call_id: str) -> ToolResult:
    """Replace one exact, unique piece of a file."""
    path, old, new = arguments["path"], arguments["old"], arguments["new"]
    text = read_text(context.workspace, path)
    if "\N{REPLACEMENT CHARACTER}" in text:
        raise UsageError(f"{path} is not valid UTF-8, so an edit could damage it", remedy="Use run_shell instead.")
    found = text.count(old) if old else 0
    if found == 0:
        raise UsageError(f"the text to replace does not occur in {path}; nothing was changed")
    if found > 1:
        raise UsageError(f"the text to replace occurs {found} times in {path}; give more of it. Nothing was changed")
    line = text[: text.index(old)].count("\n") + 1
    write_text(context.workspace, path, text.replace(old, new))
    return ToolResult(f"edited {path} at line {line}", may_change_files=True)


async def list_dir(context: AgentContext, arguments: dict[str, Any], call_id: str) -> ToolResult:
    """The entries of one folder, sorted; folders end in a slash."""
    folder = inside(context.workspace, arguments.get("path", "."))
    if not folder.is_dir():
        raise UsageError(f"there is no folder {arguments.get('path', '.')}")
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    lines = [f"{entry.name}/" if entry.is_dir() and not entry.is_symlink() else entry.name for entry in entries]
    name = shown(context.workspace, folder)
    return ToolResult("\n".join(lines) or "(empty)", summary=f"{len(lines)} entries in {name}")


async def search(context: AgentContext, arguments: dict[str, Any], call_id: str) -> ToolResult:
    """Lines that match an extended regular expression, as `file:line:text`."""
    where = shown(context.workspace, inside(context.workspace, arguments.get("path", ".")))
    grep = f"grep -rnIE --exclude-dir=.git -e {shlex.quote(arguments['pattern'])} -- {shlex.quote(where)}"
    command = f"set -o pipefail; {grep} | sort"
    outcome = await run_in_sandbox(context, command, 60.0)
    text = outcome.stdout.decode("utf-8", "replace")
    if outcome.timed_out:
        return ToolResult("error: the search took more than 60 s; name a smaller folder", status="timeout")
    if outcome.exit_code not in (0, 1):
        raise UsageError(f"the search failed: {text.strip()}")
    return ToolResult(text or "(no match)", summary=f"{len(text.splitlines())} matches")
