"""Write what a tree object says into open folders. The tree may come from anywhere, so each entry is checked."""

from __future__ import annotations

import os
import stat

from loopwright.base import UsageError
from loopwright.checkpoint._paths import shown
from loopwright.checkpoint._trees import FOLDER_MODE, Entry, decode_tree
from loopwright.checkpoint.ignore import git_refuses

__all__ = ["LINK_MODE", "create", "safe_entries"]

LINK_MODE = 0o120000
_MODES = frozenset((0o100644, 0o100755, 0o100664, LINK_MODE, FOLDER_MODE))
_SUBMODULE_MODE = 0o160000


def safe_entries(data: bytes) -> list[Entry]:
    """Decode a tree object whose entries can be written into a folder without leaving it.

    Submodules are left out: a checkpoint never has one, and git would make an empty folder of it.

    Raises:
        UsageError: An entry is called `.git`, `..` or the like, appears twice, or the tree is damaged.
    """
    try:
        entries = [entry for entry in decode_tree(data) if entry.mode != _SUBMODULE_MODE]
    except ValueError as error:
        raise UsageError("The checkpoint holds a damaged tree.") from error
    for entry in entries:
        if not _is_safe(entry):
            raise UsageError(
                f"The checkpoint holds an entry that must not be written: {shown(entry.name)!r}.",
                remedy="It was not made by Loopwright; look at it with `git ls-tree`.",
            )
    if len({entry.name for entry in entries}) != len(entries):
        raise UsageError("The checkpoint holds a tree that names one entry twice.")
    return entries


def _is_safe(entry: Entry) -> bool:
    name = entry.name
    return (
        entry.mode in _MODES
        and 0 < len(name) < 256
        and name not in (b".", b"..", b".git")
        and b"/" not in name
        and not git_refuses(name, entry.mode == LINK_MODE)
    )


def create(name: bytes, folder: int, mode: int, data: bytes) -> None:
    """Make a new file or link in the open folder. Permissions are git's: executable or not, less the umask.

    Raises:
        FileExistsError: Something has that name already.
    """
    if mode == LINK_MODE:
        os.symlink(data, name, dir_fd=folder)
        return
    permissions = 0o777 if mode & stat.S_IXUSR else 0o666
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(name, flags, permissions, dir_fd=folder)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
    finally:
        os.close(handle)
