"""A one-way copy of the workspace in a folder that a person may open. What is done in the copy is never read."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from loopwright.base import MachineError, UsageError

__all__ = ["MARK", "Mirror"]

MARK = ".loopwright-mirror"
"""The file by which we know a folder as a copy of ours. It names the run."""


class Mirror:
    """Keeps `target` equal to `workspace`, without `.git` and without what is neither file, folder nor link.

    Paths in the copy are those of the workspace, with nothing before them. Symbolic links are copied as links.

    Raises:
        UsageError: The folder holds something that is not an earlier copy; nothing in it was touched.
    """

    def __init__(self, workspace: Path, target: Path, trajectory_id: str) -> None:
        self._workspace = workspace
        self._target = target
        self._known: dict[str, tuple[int, int, int]] = {}
        if target.exists() and not (target.is_dir() and ((target / MARK).is_file() or not any(target.iterdir()))):
            raise UsageError(
                "the mirror's folder holds files that are not ours, so it is left alone",
                where=str(target),
                remedy="Name a folder that is empty or does not exist.",
            )
        try:
            target.mkdir(parents=True, exist_ok=True)
            (target / MARK).write_text(f"{trajectory_id}\n")
        except OSError as error:
            raise MachineError(f"the mirror cannot be made: {error}", where=str(target)) from error

    def sync(self) -> int:
        """Bring the copy up to date; the number of files that were written or removed.

        Raises:
            MachineError: The copy cannot be written.
        """
        try:
            found = dict(_files(self._workspace))
            changed = [name for name, state in found.items() if self._known.get(name) != state]
            for name in changed:
                _copy(self._workspace / name, self._target / name)
            gone = [name for name in self._present() if name not in found]
            for name in gone:
                _remove(self._target, name)
        except OSError as error:
            raise MachineError(f"the mirror cannot be written: {error}", where=str(self._target)) from error
        self._known = found
        return len(changed) + len(gone)

    def _present(self) -> list[str]:
        """What the copy holds: known from the last time, or looked up the first time (an earlier run's copy)."""
        if self._known:
            return list(self._known)
        return [name for name, _ in _files(self._target) if name != MARK]


def _files(root: Path, inside: str = "") -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Every file and link below `root` by its path relative to it, with size, time and mode."""
    with os.scandir(root / inside) as entries:
        for entry in entries:
            name = f"{inside}/{entry.name}" if inside else entry.name
            info = entry.stat(follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                if entry.name != ".git":
                    yield from _files(root, name)
            elif stat.S_ISREG(info.st_mode) or stat.S_ISLNK(info.st_mode):
                yield name, (info.st_size, info.st_mtime_ns, info.st_mode)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    fresh = target.with_name(f".{target.name}.loopwright")
    shutil.copy2(source, fresh, follow_symlinks=False)
    fresh.replace(target)


def _remove(root: Path, name: str) -> None:
    path = root / name
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == root or any(folder.iterdir()):
            return
        folder.rmdir()
