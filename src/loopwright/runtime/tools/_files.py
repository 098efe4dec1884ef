"""Opening files of the workspace for the agent, such that no path and no symbolic link leads outside of it.

The tools run after each other and the agent's programs are dead before a file tool runs, so there is no race to
lose; the check after opening holds even if there were one for reads.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from loopwright.base import UsageError, valid

__all__ = ["MAX_READ_BYTES", "inside", "read_text", "shown", "write_text"]

MAX_READ_BYTES = 4 << 20
_ROOT = PurePosixPath("/workspace")


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


def read_text(workspace: Path, path: str) -> str:
    """The text of a regular file; bytes that are not UTF-8 are shown as U+FFFD.

    Raises:
        UsageError: There is no such regular file, or it is larger than `MAX_READ_BYTES`.
    """
    real = inside(workspace, path)
    try:
        # O_NONBLOCK: a pipe left in the workspace must not hang us.
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
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
                f"{path} has {info.st_size} bytes, too many to read at once; use run_shell with head or sed"
            )
        return file.read().decode("utf-8", "replace")


def write_text(workspace: Path, path: str, text: str) -> bool:
    """Write a whole file, making its folders; the mode of an existing file is kept. True where it is new.

    Raises:
        UsageError: The path is a folder, leads outside, or cannot be written.
    """
    real = inside(workspace, path)
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        new = not real.exists()
        if not new and not real.is_file():
            raise UsageError(f"{path} is not a regular file")
        real.write_bytes(text.encode("utf-8", "surrogatepass"))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    return new
