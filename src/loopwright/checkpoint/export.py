"""Materialise a commit in an empty folder, as the grader needs it: plain files, no git, nothing shared."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from loopwright.base import UsageError
from loopwright.checkpoint._disk import open_folder
from loopwright.checkpoint._failures import speaking
from loopwright.checkpoint._reader import Reader
from loopwright.checkpoint._trees import FOLDER_MODE, Entry
from loopwright.checkpoint._write import create, safe_entries

__all__ = ["export_tree"]

_MAX_DEPTH = 256


def export_tree(repo: Path, commit: str, target: Path, *, max_files: int = 1_000_000) -> int:
    """Write all files of a commit into `target`.

    Safe for any commit: entries that would leave the folder (`..`, `.git`, a link followed by a folder of the same
    name) are refused, and so is a tree of more than `max_files` entries, however small its objects are.

    Args:
        repo: The repository.
        commit: A commit id.
        target: An empty folder, or one that does not exist yet.
        max_files: The most entries to write.

    Returns:
        How many files and links were written.

    Raises:
        UsageError: `target` is not empty, the commit is not there, or it is not safe to write. `target` is empty then.
        MachineError: The disk is full or not writable.
    """
    reader = Reader(repo)
    tree = reader.commit(commit).tree
    with speaking(target):
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise UsageError("The folder to export to is not empty.", where=str(target), remedy="Name a new one.")
        target.mkdir(parents=True, exist_ok=True)
        try:
            return _Export(reader, max_files).run(tree, target)
        except BaseException:
            _empty(target)
            raise


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


class _Export:
    def __init__(self, reader: Reader, max_files: int) -> None:
        self._reader = reader
        self._left = max_files
        self._written = 0

    def run(self, tree: bytes, target: Path) -> int:
        frames = [(os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), self._entries(tree))]
        try:
            while frames:
                folder, entries = frames[-1]
                entry = next(entries, None)
                if entry is None:
                    os.close(frames.pop()[0])
                elif entry.mode == FOLDER_MODE:
                    frames.append(self._enter(entry, folder, len(frames)))
                else:
                    create(entry.name, folder, entry.mode, self._reader.read(entry.oid))
                    self._written += 1
        finally:
            for folder, _ in frames:
                os.close(folder)
        return self._written

    def _enter(self, entry: Entry, folder: int, depth: int) -> tuple[int, Iterator[Entry]]:
        if depth > _MAX_DEPTH:
            raise UsageError(f"The checkpoint nests folders deeper than {_MAX_DEPTH} levels.")
        entries = self._entries(entry.oid)
        os.mkdir(entry.name, dir_fd=folder)
        return open_folder(entry.name, folder), entries

    def _entries(self, tree: bytes) -> Iterator[Entry]:
        entries = safe_entries(self._reader.read(tree))
        self._left -= len(entries)
        if self._left < 0:
            raise UsageError("The checkpoint has more files than may be exported.")
        return iter(entries)
