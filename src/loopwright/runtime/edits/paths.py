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

__all__ = ["NEW_FILE", "State", "folder", "inside", "is_link", "located", "named", "read", "shown"]

_ROOT = PurePosixPath("/workspace")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC  # non-blocking: a pipe must not hang us

NEW_FILE = 0o644
"""The mode of a file that an edit makes."""


class State(Struct, frozen=True):
    """A regular file at one moment: its bytes and its permission bits."""

    content: bytes
    mode: int = NEW_FILE


def inside(workspace: Path, path: str) -> Path:
    """The real path that a model means by `path`: relative to the workspace, or below `/workspace`.

    Links that stay inside are followed.

    Raises:
        UsageError: It is no valid path, or leads outside.
    """
    name = _relative(path)
    if "\0" in path or name.is_absolute():
        what = "it is outside of the workspace" if name.is_absolute() else "it is not a path: it holds a NUL byte"
        raise UsageError(what, where=path, remedy="Use a path relative to the workspace.")
    root = workspace.resolve()
    try:
        real = (root / name).resolve()
        os.fsencode(real)
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError("it cannot be resolved", where=path) from error
    if not real.is_relative_to(root):
        raise UsageError("it leads outside of the workspace", where=path)
    return real


def shown(workspace: Path, path: Path) -> str:
    """A real path as a model knows it: relative to the workspace, `.` for itself."""
    return path.relative_to(workspace.resolve()).as_posix()


def located(workspace: Path, path: str) -> str:
    """The real path of a file that may be changed, relative to the workspace. Links that stay inside are followed.

    Raises:
        UsageError: It is no valid path, leads outside, leads into a `.git`, or is the workspace.
    """
    if not path.strip():
        raise UsageError("it is not a path", remedy="Name a file, relative to the workspace.")
    name = shown(workspace, inside(workspace, path))
    if any(part.lower() == ".git" for part in (*path.split("/"), *name.split("/"))):
        raise UsageError("it is inside of .git, which edits never touch", where=path, remedy="Use git.")
    if name == ".":
        raise UsageError("it is the workspace itself, not a file", where=path)
    return name


def is_link(workspace: Path, path: str) -> bool:
    """Whether the last name of `path` is itself a symbolic link."""
    return (workspace / _relative(path)).is_symlink()


def _relative(path: str) -> PurePosixPath:
    """The path relative to the workspace; absolute where it is not below `/workspace`."""
    name = PurePosixPath(path)
    return name.relative_to(_ROOT) if name.is_relative_to(_ROOT) else name


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


def read(workspace: Path, path: str, most: int = MAX_BYTES) -> State | None:
    """What the file `path` (relative to the workspace, without links) is now; None where there is nothing.

    Raises:
        UsageError: It is no regular file, has more than `most` bytes, or cannot be read.
    """
    try:
        with folder(workspace, path) as parent:
            descriptor = os.open(PurePosixPath(path).name or ".", _FILE, dir_fd=parent)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"it cannot be opened: {one_line(error.strerror or str(error))}", where=path) from error
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise UsageError("it is not a regular file", where=path)
        if info.st_size > most:
            remedy = "Look at a piece of it with head or sed, or change it with a script."
            what = f"it has {info.st_size} bytes, too many to read at once (more than {most})"
            raise UsageError(what, where=path, remedy=remedy)
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
