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
"""The file by which we know a folder as a copy of ours. It names the run; a file of the workspace of this name is not
copied."""

_FRESH = ".loopwright-mirror.new"


class Mirror:
    """Keeps `target` equal to `workspace`, without `.git` and without what is neither file, folder nor link.

    Paths in the copy are those of the workspace, with nothing before them. Symbolic links are copied as links, and
    never followed.

    Raises:
        UsageError: The folder holds something that is not an earlier copy, or it and the workspace lie in one another;
            nothing in it was touched.
    """

    def __init__(self, workspace: Path, target: Path, trajectory_id: str) -> None:
        self._workspace = workspace
        self._target = target
        self._known: dict[str, tuple[int, int, int]] | None = None
        source, copy = workspace.resolve(), target.resolve()
        if copy.is_relative_to(source) or source.is_relative_to(copy):
            raise UsageError(
                f"the mirror and the workspace {source} lie in one another",
                where=str(target),
                remedy="Name a folder elsewhere.",
            )
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
            known = dict(_files(self._target)) if self._known is None else self._known
            # What is gone goes first: where it was a file or a link, there may be a folder now.
            gone = [name for name in known if name not in found]
            for name in gone:
                _remove(self._target, name)
            states = self._known or {}
            changed = [name for name, state in found.items() if states.get(name) != state]
            for name in changed:
                _copy(self._workspace, self._target, name)
        except OSError as error:
            raise MachineError(f"the mirror cannot be written: {error}", where=str(self._target)) from error
        self._known = found
        return len(changed) + len(gone)


def _files(root: Path) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Every file and link below `root` by its path relative to it, with size, time and mode."""
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        with os.scandir(root / inside) as entries:
            for entry in entries:
                name = f"{inside}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    waiting += [f"{name}/"] if entry.name != ".git" else []
                    continue
                info = entry.stat(follow_symlinks=False)
                if name != MARK and (stat.S_ISREG(info.st_mode) or stat.S_ISLNK(info.st_mode)):
                    yield name, (info.st_size, info.st_mtime_ns, info.st_mode)


def _copy(workspace: Path, root: Path, name: str) -> None:
    target = root / name
    _make_folders(root, target.parent)
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    fresh = root / _FRESH
    fresh.unlink(missing_ok=True)
    shutil.copy2(workspace / name, fresh, follow_symlinks=False)
    fresh.replace(target)


def _make_folders(root: Path, folder: Path) -> None:
    """Make the folders down to one, real ones: whatever else lies in the way in the copy is removed."""
    for above in reversed([folder, *folder.parents][: len(folder.relative_to(root).parts)]):
        if above.is_symlink() or not above.is_dir():
            above.unlink(missing_ok=True)
            above.mkdir()


def _remove(root: Path, name: str) -> None:
    path = root / name
    if any(above.is_symlink() for above in path.parents[: len(Path(name).parts) - 1]):
        return
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == root or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()
