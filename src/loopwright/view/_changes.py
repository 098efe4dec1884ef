"""How many lines a tool call adds to and removes from each file, as far as its arguments tell."""

from __future__ import annotations

import re
from typing import Any

from loopwright.record import FileChange, Payload, ToolUse

__all__ = ["LineCounts", "change_words", "line_counts"]

LineCounts = dict[str, tuple[int, int]]
"""Lines added and removed, by path as the agent wrote it."""

_PATH_KEYS = ("path", "file_path", "filePath", "filename")
_PAIRS = (("old", "new"), ("old_string", "new_string"), ("oldString", "newString"), ("old_str", "new_str"))
_PATCH_KEYS = ("patch", "input", "patchText", "diff")
_FILE_LINE = re.compile(r"^(?:\+\+\+ (?:b/)?|\*\*\* (?:Add|Update|Delete) File: )(.+?)\s*$")
_BARE_HEADER = re.compile(r"^(?:---|\+\+\+) ")


def line_counts(tool: ToolUse | None, content: Payload | None = None) -> LineCounts:
    """Read the counts out of an edit's old and new text, or out of a patch (unified, or with `*** Update File:`).

    What cannot be known from the call alone (a file that is replaced as a whole) is left out.
    """
    arguments = _value(tool.arguments) if tool else None
    if isinstance(arguments, dict):
        edited = _edit(arguments)
        if edited:
            return edited
        for key in _PATCH_KEYS:
            if isinstance(arguments.get(key), str):
                return _patch(arguments[key])
    text = _value(content)
    return _patch(text) if isinstance(text, str) else {}


def change_words(change: FileChange, counts: LineCounts, tool: ToolUse | None = None) -> str:
    """`path +added -removed` where that is known, else `path modified` and the like."""
    name = change.path
    known = next((n for path, n in counts.items() if path == name or path.endswith(f"/{name}")), None)
    if known is None and change.status == "added":
        known = _new_file(tool, name)
    return f"{name} {change.status}" if known is None else f"{name} +{known[0]} -{known[1]}"


def _value(payload: Payload | None) -> Any:
    return payload.value if payload is not None else None


def _edit(arguments: dict[str, Any]) -> LineCounts:
    path = _path(arguments)
    for old_key, new_key in _PAIRS:
        old, new = arguments.get(old_key), arguments.get(new_key)
        if path and isinstance(old, str) and isinstance(new, str):
            return {path: _between(old.splitlines(), new.splitlines())}
    return {}


def _path(arguments: dict[str, Any]) -> str | None:
    return next((arguments[key] for key in _PATH_KEYS if isinstance(arguments.get(key), str)), None)


def _between(old: list[str], new: list[str]) -> tuple[int, int]:
    """Added and removed lines, without those that both begin or end with."""
    shorter = min(len(old), len(new))
    head = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    tail = next((n for n in range(shorter - head) if old[-1 - n] != new[-1 - n]), shorter - head)
    return len(new) - head - tail, len(old) - head - tail


def _patch(text: str) -> LineCounts:
    counts: LineCounts = {}
    path = None
    for line in text.splitlines():
        found = _FILE_LINE.match(line)
        if found:
            path = found[1]
            counts.setdefault(path, (0, 0))
        elif path is not None and not _BARE_HEADER.match(line):
            added, removed = counts[path]
            counts[path] = added + line.startswith("+"), removed + line.startswith("-")
    return counts


def _new_file(tool: ToolUse | None, name: str) -> tuple[int, int] | None:
    """The lines of a file that this call wrote as a whole, if it is the one that was added."""
    arguments = _value(tool.arguments) if tool else None
    if not isinstance(arguments, dict) or not isinstance(arguments.get("content"), str):
        return None
    path = _path(arguments) or ""
    return (len(arguments["content"].splitlines()), 0) if path == name or path.endswith(f"/{name}") else None
