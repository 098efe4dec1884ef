"""Make a workspace equal to a commit, touching only what differs and following no link."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress

from msgspec import Struct

from loopwright.checkpoint._commits import Commit, skipped_of
from loopwright.checkpoint._disk import is_gone, open_folder
from loopwright.checkpoint._mirror import Mirror
from loopwright.checkpoint._objects import ObjectStore
from loopwright.checkpoint._paths import shown
from loopwright.checkpoint._trees import FOLDER_MODE, Entry, Folder
from loopwright.checkpoint._write import create, safe_entries
from loopwright.record import SkippedFile

__all__ = ["Restored", "restore_workspace"]


class Restored(Struct, frozen=True):
    """What `restore` did: how many files it wrote and removed, and which it could not bring back."""

    written: int
    removed: int
    missing: tuple[SkippedFile, ...] = ()


def restore_workspace(store: ObjectStore, mirror: Mirror, commit: Commit) -> Restored:
    """Change the files of the mirror's workspace, whose picture must be up to date, into those of `commit`."""
    expected = {file.path: file for file in skipped_of(commit.message)}
    mirror.root.write(store.put)
    here = mirror.skipped()
    work = _Work(store, {path for path, file in here.items() if expected.get(path) == file}, bool(here))
    handle = mirror.open(mirror.root)
    try:
        work.match(mirror.root, handle, commit.tree)
    finally:
        os.close(handle)
    mirror.update()
    here = mirror.skipped()
    missing = tuple(file for path, file in sorted(expected.items()) if here.get(path) != file)
    return Restored(work.written, work.removed, missing)


class _Work:
    """One restore. `kept` are the paths of skipped files that are as they were at the commit."""

    def __init__(self, store: ObjectStore, kept: set[str], look_everywhere: bool) -> None:
        self._store = store
        self._kept = kept
        self._look_everywhere = look_everywhere
        self.written = 0
        self.removed = 0

    def match(self, folder: Folder, handle: int, tree: bytes) -> None:
        """Make one open folder equal to a tree; `folder` is the picture of what it holds."""
        if folder.tree == tree and not self._look_everywhere:
            return
        _allow_writing(handle)
        entries = {entry.name: entry for entry in safe_entries(self._store.reader.read(tree))}
        for name in folder.names() - entries.keys():
            self._remove(folder, handle, name)
        for name, entry in entries.items():
            if entry.mode == FOLDER_MODE:
                self._match_folder(folder.children.get(name), handle, entry)
            elif name not in folder.files or folder.files[name][:2] != (entry.mode, entry.oid):
                self._write(handle, entry)

    def _match_folder(self, known: Folder | None, parent: int, entry: Entry) -> None:
        if known is None or known.ignored:
            _remove_anything(entry.name, parent)
            os.mkdir(entry.name, dir_fd=parent)
        handle = open_folder(entry.name, parent)
        try:
            self.match(known if known and not known.ignored else Folder(), handle, entry.oid)
        finally:
            os.close(handle)

    def _write(self, handle: int, entry: Entry) -> None:
        """Put a file or a link in place of whatever is there, in one step unless that is a folder."""
        scratch = b".loopwright-" + secrets.token_hex(8).encode()
        create(scratch, handle, entry.mode, self._store.reader.read(entry.oid))
        try:
            os.rename(scratch, entry.name, src_dir_fd=handle, dst_dir_fd=handle)
        except IsADirectoryError:
            _remove_anything(entry.name, handle)
            os.rename(scratch, entry.name, src_dir_fd=handle, dst_dir_fd=handle)
        self.written += 1

    def _remove(self, folder: Folder, handle: int, name: bytes) -> None:
        if name in folder.files:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=handle)
            self.removed += 1
        elif name in folder.skipped:
            if shown(folder.path(name)) not in self._kept:
                _remove_anything(name, handle)
                self.removed += 1
        elif not folder.children[name].ignored:
            self._clear(folder.children[name], handle)

    def _clear(self, folder: Folder, parent: int) -> None:
        """Remove what is recorded in a folder, then the folder itself unless something ignored is left in it."""
        names = folder.names()
        if not names:
            return
        try:
            handle = open_folder(folder.name, parent)
        except OSError as error:
            if is_gone(error):
                return
            raise
        try:
            _allow_writing(handle)
            for name in names:
                self._remove(folder, handle, name)
        finally:
            os.close(handle)
        with suppress(OSError):
            os.rmdir(folder.name, dir_fd=parent)


def _allow_writing(handle: int) -> None:
    """Give ourselves the right to change a folder whose owner we are; the agent may have taken it away."""
    mode = os.fstat(handle).st_mode
    if mode & 0o300 != 0o300:
        with suppress(PermissionError):
            os.fchmod(handle, (mode & 0o7777) | 0o300)


def _remove_anything(name: bytes, parent: int) -> None:
    try:
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        # The descriptor-based rmtree follows no link, even one that appears while it runs.
        shutil.rmtree(os.fsdecode(name), dir_fd=parent)
