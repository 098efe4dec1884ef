"""Files of the workspace for edits: every path is walked folder by folder, and no symbolic link leads outside.

The folders are opened one below the other with `O_NOFOLLOW`, so a link that is put in place between the check and
the opening is refused by the kernel instead of followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from msgspec import Struct

from loopwright.base import UsageError, one_line
from loopwright.runtime.edits.text import MAX_BYTES

__all__ = ["NEW_FILE", "State", "folder", "is_link", "located", "named", "read"]

_ROOT = PurePosixPath("/workspace")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC  # non-blocking: a pipe must not hang us

NEW_FILE = 0o644
"""The mode of a file that an edit makes."""


class State(Struct, frozen=True):
    """A regular file at one moment: its bytes and its permission bits."""

    content: bytes
    mode: int = NEW_FILE


def located(workspace: Path, path: str) -> str:
    """The real path of a file, relative to the workspace, that a model means by `path`.

    Accepts a path relative to the workspace, or below `/workspace`. Links that stay inside are followed.

    Raises:
        UsageError: It is no valid path, leads outside, or leads into a `.git`.
    """
    name = PurePosixPath(path)
    if "\0" in path or not path.strip():
        raise UsageError("it is not a path", remedy="Name a file, relative to the workspace.")
    if name.is_absolute():
        if not name.is_relative_to(_ROOT):
            raise UsageError("it is outside of the workspace", remedy="Use a path relative to the workspace.")
        name = name.relative_to(_ROOT)
    root = workspace.resolve()
    try:
        real = (root / name).resolve()
        inside = real.relative_to(root)
        os.fsencode(real)
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError("it leads outside of the workspace or cannot be resolved") from error
    if any(part.lower() == ".git" for part in (*name.parts, *inside.parts)):
        raise UsageError("it is inside of .git, which edits never touch", remedy="Use git.")
    if not inside.parts:
        raise UsageError("it is the workspace itself, not a file")
    return inside.as_posix()


def is_link(workspace: Path, path: str) -> bool:
    """Whether the last name of `path` is itself a symbolic link."""
    name = PurePosixPath(path)
    return (workspace / (name.relative_to(_ROOT) if name.is_absolute() else name)).is_symlink()


@contextmanager
def folder(workspace: Path, path: str, made: list[str] | None = None) -> Iterator[int]:
    """Open the folder that holds the file `path` (as `located` gives it) and yield its descriptor.

    Missing folders are made where `made` is given, and noted there.

    Raises:
        OSError: A folder is missing, is a symbolic link, or is no folder.
    """
    parents = PurePosixPath(path).parent.parts
    descriptor = os.open(workspace.resolve(), _FOLDER)
    try:
        for number, name in enumerate(parents, 1):
            if made is not None:
                with suppress(FileExistsError):
                    os.mkdir(name, dir_fd=descriptor)
                    made.append("/".join(parents[:number]))
            below = os.open(name, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def read(workspace: Path, path: str) -> State | None:
    """What the file `path` (as `located` gives it) is now; None where there is nothing.

    Raises:
        UsageError: It is no regular file, is larger than `MAX_BYTES`, or cannot be read.
    """
    try:
        with folder(workspace, path) as parent:
            descriptor = os.open(PurePosixPath(path).name, _FILE, dir_fd=parent)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"it cannot be opened: {one_line(error.strerror or str(error))}") from error
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise UsageError("it is not a regular file")
        if info.st_size > MAX_BYTES:
            raise UsageError(f"it has {info.st_size} bytes, more than {MAX_BYTES}", remedy="Use sed or a script.")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return State(file.read(), stat.S_IMODE(info.st_mode))
    finally:
        os.close(descriptor)


def named(root: Path, name: str, most: int = 3) -> list[str]:
    """Files of that name anywhere below the folder `root`, relative to it; looks at 5,000 folders at most."""
    found: list[str] = []
    for number, (above, folders, files) in enumerate(os.walk(root)):
        folders[:] = sorted(one for one in folders if one != ".git")
        if name in files:
            found.append(Path(above, name).relative_to(root).as_posix())
        if len(found) >= most or number >= 5000:
            break
    return found
