"""Reading files of the workspace for the agent, such that no path and no symbolic link leads outside of it.

Commands are dead before a file tool runs, and calls that share a file wait for each other; but servers of MCP tools
live beside them, so what was checked is opened without following links.
"""

from __future__ import annotations

from pathlib import Path

from loopwright.base import UsageError
from loopwright.runtime.edits.paths import inside, read, shown
from loopwright.runtime.names import plain_name

__all__ = ["MAX_READ_BYTES", "folder_at", "read_text", "real_name"]

MAX_READ_BYTES = 4 << 20
_LOOKED_AT = 8192


def folder_at(workspace: Path, path: str) -> Path:
    """The real path of a folder.

    Raises:
        UsageError: There is none, or it is outside of the workspace.
    """
    folder = inside(workspace, path)
    if not folder.is_dir():
        raise UsageError(f"there is no folder {path}")
    return folder


def real_name(workspace: Path, path: str) -> str:
    """The name of the file that `path` is, links followed; as `plain_name` gives it where that cannot be told."""
    try:
        return shown(workspace, inside(workspace, path))
    except UsageError:
        return plain_name(path)


def read_text(workspace: Path, path: str) -> str:
    """The text of a regular file; bytes that are not UTF-8 are shown as U+FFFD.

    Raises:
        UsageError: There is no such regular file, it is larger than `MAX_READ_BYTES`, or it is binary.
    """
    there = read(workspace, shown(workspace, inside(workspace, path)), MAX_READ_BYTES)
    if there is None:
        raise UsageError(f"there is no file {path}")
    if b"\0" in there.content[:_LOOKED_AT]:
        raise UsageError(f"{path} is a binary file ({len(there.content)} bytes); look at it with a program")
    return there.content.decode("utf-8", "replace")
