"""Making a workspace out of a folder that is somebody's own, without ever writing to that folder."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Collection
from pathlib import Path

from loopwright.base import MachineError, UsageError

__all__ = ["check_source", "copy_folder"]


def check_source(folder: Path) -> Path:
    """The folder that a workspace is copied from; absolute.

    Raises:
        UsageError: There is no such folder.
    """
    if not folder.is_dir():
        raise UsageError("there is no such folder", where=str(folder), remedy="Name the folder with your files.")
    return folder.resolve()


def copy_folder(source: Path, workspace: Path, *, leave_out: Collection[Path] = ()) -> None:
    """Copy a folder with modes and symbolic links; `.git`, pipes, sockets, devices and `leave_out` are left out.

    What a repository knows stays with its owner: its history, its remotes, and the keys in its configuration.

    Raises:
        MachineError: A file cannot be read, or the disk is full.
    """
    try:
        shutil.copytree(source, workspace, symlinks=True, dirs_exist_ok=True, ignore=_ignoring(leave_out))
    except shutil.Error as error:
        first = error.args[0][0]
        raise MachineError(f"the folder could not be copied: {first[2]}", where=str(first[0])) from error
    except OSError as error:
        raise MachineError(f"the folder could not be copied: {error}", where=str(source)) from error


def _ignoring(leave_out: Collection[Path]) -> Callable[[str, list[str]], set[str]]:
    hidden = {path.resolve() for path in leave_out}

    def ignored(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name == ".git" or _is_odd(Path(folder, name), hidden)}

    return ignored


def _is_odd(path: Path, hidden: set[Path]) -> bool:
    if any(path.name == one.name for one in hidden) and path.resolve() in hidden:
        return True
    mode = os.lstat(path).st_mode
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))
