"""Tools that only look: read_file, list_dir, search, find_files."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

import anyio

from loopwright.base import UsageError
from loopwright.runtime.calls import Outcome
from loopwright.runtime.edits.paths import inside, shown
from loopwright.runtime.tools._files import folder_at, read_text
from loopwright.runtime.tools.commands import run_in_sandbox
from loopwright.runtime.tools.context import ToolContext

__all__ = ["find_files", "list_dir", "read_file", "search"]

_LINES = 2000
_SECONDS = 60.0


async def read_file(context: ToolContext, arguments: dict[str, Any], call_id: str) -> Outcome:
    """Lines of a file, numbered, from `offset` (1 is the first), at most `limit`."""
    # Split at newlines only, so that numbers agree with those of compilers.
    lines = read_text(context.agent.workspace, arguments["path"]).removesuffix("\n").split("\n")
    lines = [] if lines == [""] else lines
    start, count = max(arguments.get("offset", 1), 1), max(arguments.get("limit", _LINES), 1)
    chosen = lines[start - 1 : start - 1 + count]
    if lines and not chosen:
        raise UsageError(f"{arguments['path']} has only {len(lines)} lines")
    text = "\n".join(f"{number:>5}  {line}" for number, line in enumerate(chosen, start))
    rest = len(lines) - (start - 1 + len(chosen))
    if rest > 0:
        text += f"\n[{rest} more lines; go on with offset {start + len(chosen)}]"
    return Outcome(text or "(the file is empty)", summary=f"{len(chosen)} lines of {arguments['path']}")


async def list_dir(context: ToolContext, arguments: dict[str, Any], call_id: str) -> Outcome:
    """The entries of a folder, sorted, `depth` levels down; folders end in a slash."""
    workspace = context.agent.workspace
    folder = folder_at(workspace, arguments.get("path", "."))
    lines: list[str] = []
    waiting = [(folder, "", max(int(arguments.get("depth", 1)), 1))]
    while waiting and len(lines) < _LINES:
        place, indent, levels = waiting.pop()
        if indent:
            lines.append(f"{indent[2:]}{place.name}/")
        entries = sorted(place.iterdir(), key=lambda entry: entry.name)
        folders = [entry for entry in entries if entry.is_dir() and not entry.is_symlink()]
        if levels > 1:
            lines += [f"{indent}{entry.name}" for entry in entries if entry not in folders]
            waiting += [(entry, f"{indent}  ", levels - 1) for entry in reversed(folders)]
        else:
            lines += [f"{indent}{entry.name}{'/' * (entry in folders)}" for entry in entries]
    summary = f"{len(lines)} entries in {shown(workspace, folder)}"
    if waiting:
        lines.append("[too many entries: not all folders are listed; list them one by one]")
    return Outcome("\n".join(lines) or "(empty)", summary=summary)


async def search(context: ToolContext, arguments: dict[str, Any], call_id: str) -> Outcome:
    """Lines that match an extended regular expression, as `file:line:text`, in the order of files and lines."""
    path, pattern = arguments.get("path", "."), arguments["pattern"]
    place = inside(context.agent.workspace, path)
    if not place.exists():
        raise UsageError(f"there is no file or folder {path}")
    name = shown(context.agent.workspace, place)
    where = "" if name == "." else f" -- {shlex.quote(name)}"
    only = f"--include={shlex.quote(arguments['include'])} " if arguments.get("include") else ""
    # In a locale with UTF-8, grep takes files of any other encoding for binary ones and passes them over.
    plain = "LC_ALL=C " if pattern.isascii() else ""
    # -s: files that cannot be read are passed over, so that what is left on exit code 2 is about the pattern.
    grep = f"{plain}grep -HsrnIE --exclude-dir=.git {only}-e {shlex.quote(pattern)}{where}"
    ended = await run_in_sandbox(context, f"set -o pipefail; {grep} | LC_ALL=C sort -s -t: -k1,1", _SECONDS)
    text = ended.stdout.decode("utf-8", "replace")
    if ended.timed_out:
        return Outcome("error: the search took more than 60 s; name a smaller folder", "timeout")
    if ended.exit_code not in (0, 1) and (ended.exit_code != 2 or text.startswith("grep: ")):
        raise UsageError(f"the search failed: {text.strip()}")
    found = text.count("\n")
    return Outcome(text or "(no match)", summary=f"{found} match{'es' * (found != 1)}")


async def find_files(context: ToolContext, arguments: dict[str, Any], call_id: str) -> Outcome:
    """Files whose path matches a glob (`**` crosses folders), sorted, relative to the workspace."""
    workspace = context.agent.workspace
    folder = folder_at(workspace, arguments.get("path", "."))
    pattern = arguments["pattern"].removeprefix("/workspace/")
    if pattern.startswith("/") or ".." in pattern.split("/"):
        raise UsageError("the pattern leads outside of the folder; write it relative, e.g. **/*.c")
    found = await anyio.to_thread.run_sync(_files_below, folder, PurePosixPath(pattern).parts)
    start = "" if folder == workspace.resolve() else f"{shown(workspace, folder)}/"
    names = sorted(f"{start}{name}" for name in found)
    more = f"\n[{len(names) - _LINES} more]" if len(names) > _LINES else ""
    return Outcome(("\n".join(names[:_LINES]) + more) or "(no match)", summary=f"{len(names)} files")


def _files_below(root: Path, globs: Sequence[str]) -> list[str]:
    """Files below a folder, relative to it. Links to folders are not entered, so this never leads outside."""
    found = []
    for above, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != ".git"]
        start = Path(above).relative_to(root).parts
        paths = ("/".join((*start, name)) for name in files if _matches((*start, name), globs))
        found += [path for path in paths if (root / path).is_file()]
    return found


def _matches(names: Sequence[str], globs: Sequence[str]) -> bool:
    """Whether a path matches a glob, both name by name; `**` is any number of names. Linear in each."""
    reached = _past_any({0}, globs)
    for name in names:
        stay = {at for at in reached if at < len(globs) and globs[at] == "**"}
        on = {at + 1 for at in reached - stay if at < len(globs) and fnmatchcase(name, globs[at])}
        reached = _past_any(stay | on, globs)
    return len(globs) in reached


def _past_any(reached: set[int], globs: Sequence[str]) -> set[int]:
    """With every position behind a `**` that stands for nothing."""
    for at in range(len(globs)):
        if at in reached and globs[at] == "**":
            reached.add(at + 1)
    return reached
