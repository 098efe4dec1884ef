"""Keep a picture of the workspace up to date: from the kernel's list of changes, or by comparing every file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from loopwright.checkpoint._disk import is_gone, open_folder, stamp_inode
from loopwright.checkpoint._paths import shown
from loopwright.checkpoint._take import Taker
from loopwright.checkpoint._trees import Folder
from loopwright.checkpoint._watches import Dirty, Watches, mark
from loopwright.checkpoint.ignore import MARKERS, marks_ignored
from loopwright.checkpoint.policy import Policy
from loopwright.record import SkippedFile

__all__ = ["Mirror"]


class Mirror:
    """The picture of one workspace. `update` brings it up to now; `root.write` gives its tree.

    `put(kind, data)` is called for every object that the workspace holds and the picture did not.
    """

    def __init__(self, workspace: Path, policy: Policy, put: Callable[[bytes, bytes], bytes]) -> None:
        self._workspace = workspace
        self.watches = Watches(policy.watch == "auto")
        self._taker = Taker(policy, put, lost=self._repeat, dropped=self.watches.remove)
        self.root = Folder()
        self._handle = -1
        self._again: Dirty = {}
        self._stale = True

    def close(self) -> None:
        """Give back the watches and the workspace."""
        self.watches.stop()
        self._close_root()

    def forget(self) -> None:
        """Distrust everything: the next update reads every file again."""
        for folder in self.root.walk():
            self.watches.remove(folder)
        self.root = Folder()
        self._taker.with_skips.clear()
        self._again.clear()
        self._stale = True

    def update(self, *, full: bool = False) -> None:
        """Bring the picture up to now.

        Args:
            full: Compare every file, and read again those which a memory map could have changed unseen.
        """
        if not self._open_root():
            return
        dirty = self.watches.drain()
        again, self._again = self._again, {}
        self._taker.linked.clear()
        if full or self._stale or dirty is None:
            self._taker.recheck = full
            self._scan(self.root, os.dup(self._handle))
            self._stale = False
        else:
            self._taker.recheck = True
            for folder, names in again.items():
                mark(dirty, folder, names)
            self._follow(dirty)
        self._taker.first = False

    def skipped(self) -> dict[str, SkippedFile]:
        """The files that the tree does not hold, by path."""
        found = {}
        for folder in self._taker.with_skips:
            for name, skip in folder.skipped.items():
                path = shown(folder.path(name))
                found[path] = SkippedFile(path, skip.size, skip.reason, skip.sha256)
        return found

    def open(self, folder: Folder) -> int:
        """Open a known folder, one step at a time, so that a link on the way is an OSError."""
        handle = os.dup(self._handle)
        for name in folder.chain():
            try:
                inner = open_folder(name, handle)
            finally:
                os.close(handle)
            handle = inner
        return handle

    def _open_root(self) -> bool:
        """Follow the workspace where somebody has replaced the folder itself; a missing one is an empty one."""
        try:
            now = self._workspace.stat()
        except FileNotFoundError:
            self.forget()
            self._close_root()
            return False
        if self._handle >= 0 and not os.path.samestat(os.fstat(self._handle), now):
            self.forget()
            self._close_root()
        if self._handle < 0:
            self._handle = os.open(self._workspace, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return True

    def _close_root(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
        self._handle = -1

    def _repeat(self, folder: Folder, name: bytes) -> None:
        mark(self._again, folder, {name})

    def _scan(self, folder: Folder, handle: int) -> None:
        """List a folder and all below it; takes `handle` over. Keeps one descriptor open for each level."""
        frames: list[tuple[int, Iterator[Folder]]] = [(handle, iter(()))]
        try:
            frames[0] = (handle, self._list(folder, handle))
            while frames:
                handle, inner = frames[-1]
                child = next(inner, None)
                if child is None:
                    os.close(frames.pop()[0])
                    continue
                opened = self._enter(child, handle)
                if opened is not None:
                    frames.append((opened, iter(())))
                    frames[-1] = (opened, self._list(child, opened))
        finally:
            for left, _ in frames:
                os.close(left)

    def _enter(self, child: Folder, parent: int) -> int | None:
        """Open a folder to be listed, or take it out of the picture where that is not possible."""
        assert child.parent is not None
        try:
            return open_folder(child.name, parent)
        except PermissionError:
            self._taker.skip(child.parent, child.name, "unreadable")
        except OSError as error:
            if not is_gone(error):
                raise
            self._taker.drop(child.parent, child.name)
            self._repeat(child.parent, child.name)
        return None

    def _list(self, folder: Folder, handle: int) -> Iterator[Folder]:
        """Bring one folder up to date and give the folders inside it. The watch comes first: nothing slips through."""
        self.watches.add(folder, handle)
        with os.scandir(handle) as entries:
            found = {os.fsencode(entry.name): entry for entry in entries}
        folder.ignored = folder.parent is not None and any(
            name in found and marks_ignored(name, handle) for name in MARKERS
        )
        if folder.ignored:
            found.clear()
        for name in folder.names() - found.keys():
            self._taker.drop(folder, name)
        inside = []
        for name, entry in found.items():
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError as error:
                self._taker.failed(folder, name, error)
                continue
            if self._taker.take(folder, handle, name, status):
                inside.append(folder.children[name])
        return iter(inside)

    def _follow(self, dirty: Dirty) -> None:
        """Look at what the kernel names; parents first, because a dropped folder takes its children along."""
        for folder in sorted(dirty, key=lambda folder: folder.depth):
            self._visit(folder, dirty[folder])
        if self._taker.linked:
            self._visit_links(set(self._taker.linked))

    def _visit(self, folder: Folder, names: set[bytes]) -> None:
        if folder.ignored or not self._attached(folder):
            return
        try:
            handle = self.open(folder)
        except OSError as error:
            if folder.parent is None or not is_gone(error):
                raise
            self._visit(folder.parent, {folder.name})
            return
        try:
            for name in names:
                self._look(folder, handle, name)
        finally:
            os.close(handle)

    def _look(self, folder: Folder, handle: int, name: bytes) -> None:
        try:
            status = os.stat(name, dir_fd=handle, follow_symlinks=False)
        except OSError as error:
            self._taker.failed(folder, name, error)
            return
        if self._taker.take(folder, handle, name, status):
            child = folder.children[name]
            opened = self._enter(child, handle)
            if opened is not None:
                self._scan(child, opened)

    def _visit_links(self, inodes: set[bytes]) -> None:
        """A write through one hard link is reported for that name only: look at the other names too."""
        for folder in list(self.root.walk()):
            names = {name for name, known in folder.files.items() if stamp_inode(known.stamp) in inodes}
            if names:
                self._visit(folder, names)

    def _attached(self, folder: Folder) -> bool:
        while folder.parent is not None:
            if folder.parent.children.get(folder.name) is not folder:
                return False
            folder = folder.parent
        return folder is self.root
