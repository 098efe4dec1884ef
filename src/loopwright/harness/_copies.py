"""The fresh copy that is graded: a commit or a folder, in a temporary place that is always removed."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path

import anyio
from anyio.to_thread import run_sync

__all__ = ["copy_folder", "remove_outputs", "scratch_folder"]

_PREFIX = "loopwright-grade-"
_GRACE_SECONDS = 10.0  # between making a folder and locking it


@asynccontextmanager
async def scratch_folder() -> AsyncIterator[Path]:
    """A private temporary folder, removed with all that is in it, whatever modes it got.

    Those of processes that were killed are removed too, by whoever grades next.
    """
    await run_sync(_remove_abandoned)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        with anyio.CancelScope(shield=True):
            await run_sync(_remove, folder)
        os.close(lock)


def _remove_abandoned() -> None:
    """Remove scratch folders whose lock nobody holds: their process is dead."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # somebody else's, or gone by now
            if time.time() - folder.lstat().st_mtime < _GRACE_SECONDS or folder.is_symlink():
                continue
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
            finally:
                os.close(lock)


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except PermissionError:
        # A submission took permissions from its folders; they are ours, so we may give them back.
        for inner, _, _ in os.walk(folder, onerror=_raise):
            for entry in os.scandir(inner):
                if entry.is_dir(follow_symlinks=False):
                    os.chmod(entry.path, stat.S_IRWXU)  # noqa: PTH101 - the path is a string
        shutil.rmtree(folder)


def _raise(error: OSError) -> None:
    raise error


def copy_folder(source: Path, target: Path, ignore: Sequence[str]) -> None:
    """Copy a workspace: links as links, no `.git` of its own, no special files, nothing that `ignore` names."""
    top = os.fspath(source)

    def unwanted(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if _is_unwanted(os.path.relpath(f"{folder}/{name}", top), ignore, source)}

    shutil.copytree(source, target, symlinks=True, ignore=unwanted, dirs_exist_ok=True)


def _is_unwanted(path: str, ignore: Sequence[str], source: Path) -> bool:
    name = path.rpartition("/")[2]
    if path == ".git" or any(fnmatchcase(path, each) or fnmatchcase(name, each.rstrip("/")) for each in ignore):
        return True
    mode = (source / path).lstat().st_mode
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))


def remove_outputs(workspace: Path, patterns: Sequence[str]) -> None:
    """Delete what the build has to make anew; patterns are globs relative to the workspace.

    The workspace is the work of an agent, so a link in it may lead anywhere: a link is deleted as such, and what is
    behind one is never touched.
    """
    top = workspace.resolve()
    for pattern in patterns:
        for path in sorted(top.glob(pattern)):
            if path.parent.resolve() != path.parent or not path.is_relative_to(top) or path == top:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
