"""Opening files of the workspace for the agent, such that no path and no symbolic link leads outside of it.

Commands are dead before a file tool runs, and calls that share a file wait for each other; but servers of MCP tools
live beside them, so what was checked is opened without following links.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from loopwright.base import LoopwrightError, UsageError, valid
from loopwright.runtime.edits.commit import commit
from loopwright.runtime.edits.paths import NEW_FILE, State, folder, located, read
from loopwright.runtime.names import plain_name

__all__ = ["MAX_READ_BYTES", "inside", "read_text", "real_name", "shown", "write_text"]

MAX_READ_BYTES = 4 << 20
_ROOT = PurePosixPath("/workspace")
_LOOKED_AT = 8192


def inside(workspace: Path, path: str) -> Path:
    """The real path that an agent means by `path` (relative to the workspace, or under /workspace).

    Raises:
        UsageError: It leads outside, through a symbolic link or not, or is not a valid path.
    """
    if "\0" in path:
        raise UsageError("a path cannot hold a NUL byte")
    named = PurePosixPath(path or ".")
    if named.is_absolute():
        if not named.is_relative_to(_ROOT):
            raise UsageError(f"{path} is outside of the workspace", remedy="Use a path under /workspace.")
        named = named.relative_to(_ROOT)
    root = workspace.resolve()
    try:
        real = (root / named).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"{valid(path)} cannot be resolved: {error}") from error
    if real != root and not real.is_relative_to(root):
        raise UsageError(f"{path} leads outside of the workspace")
    return real


def shown(workspace: Path, path: Path) -> str:
    """A path of the workspace as the agent knows it: relative, `.` for the root."""
    return path.relative_to(workspace.resolve()).as_posix()


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
    name = shown(workspace, inside(workspace, path))
    try:
        # The folders are opened one by one without following links, in case one is put there meanwhile; without
        # blocking, since a pipe left in the workspace must not hang us.
        with folder(workspace, name) as parent:
            flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(PurePosixPath(name).name or ".", flags, dir_fd=parent)
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {path}") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be opened: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode):
            raise UsageError(f"{path} is not a regular file")
        if info.st_size > MAX_READ_BYTES:
            raise UsageError(
                f"{path} has {info.st_size} bytes, too many to read at once; look at a piece of it with head or sed"
            )
        data = file.read()
        if b"\0" in data[:_LOOKED_AT]:
            raise UsageError(f"{path} is a binary file ({len(data)} bytes); look at it with a program")
        return data.decode("utf-8", "replace")


def write_text(workspace: Path, path: str, text: str) -> bool:
    """Write a whole file, making its folders; the mode of an existing file is kept. True where it is new.

    Raises:
        UsageError: The path is a folder, leads outside or into a `.git`, or cannot be written.
    """
    try:
        real = located(workspace, path)
        there = read(workspace, real)
        commit(workspace, {real: State(text.encode("utf-8", "replace"), there.mode if there else NEW_FILE)})
    except LoopwrightError as error:
        raise UsageError(f"{path}: {error.what}", remedy=error.remedy) from error
    return there is None
