"""Decide what one entry of the workspace is, and bring the picture of it up to date."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable

from loopwright.checkpoint._disk import inode_of, is_gone, read_file, stamp_inode, stamp_of
from loopwright.checkpoint._trees import Folder, Known, Skip, SkipReason
from loopwright.checkpoint.ignore import IgnoreRules, git_refuses
from loopwright.checkpoint.policy import Policy

__all__ = ["Taker"]

MAX_DEPTH = 200
_MAX_PATH = 3500

# The kernel stamps files with a clock that ticks every few milliseconds: a file that was read within a tick of its
# last change can change again without its stamp changing (git's "racily clean"). The margin is generous.
_TICK_NS = 50_000_000
# A page that a program has mapped and dirtied takes further writes without a new mtime until it is written back,
# which Linux does after 30 seconds at the latest.
_WRITEBACK_NS = 60_000_000_000
_NO_RESOURCES = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM))


class Taker:
    """Takes single entries into the picture.

    `recheck`: read again what a memory map could have changed unseen. `first`: nothing runs in the workspace yet.
    `linked` gathers the inodes of changed files that have several names; `lost` is called for a folder's name that
    changed under our eyes and has to be looked at again; `dropped` for each folder that left the picture.
    """

    def __init__(
        self,
        policy: Policy,
        put: Callable[[bytes, bytes], bytes],
        lost: Callable[[Folder, bytes], None],
        dropped: Callable[[Folder], None],
    ) -> None:
        self._policy = policy
        self._put = put
        self._lost = lost
        self._dropped = dropped
        self._rules = IgnoreRules(policy.ignore)
        self.recheck = False
        self.first = True
        self.linked: set[bytes] = set()
        self.with_skips: set[Folder] = set()

    def take(self, folder: Folder, handle: int, name: bytes, status: os.stat_result) -> bool:
        """Look at the entry `name` of the open folder; return whether it is a folder to be listed in turn."""
        mode = status.st_mode
        if self._rules.ignores(name, stat.S_ISDIR(mode), lambda: folder.path(name)):
            self.drop(folder, name)
        elif git_refuses(name, stat.S_ISLNK(mode)):
            self.skip(folder, name, "special_file", status)
        elif stat.S_ISDIR(mode):
            return self._folder(folder, name, status)
        elif stat.S_ISREG(mode):
            self._file(folder, handle, name, status)
        elif stat.S_ISLNK(mode):
            self._link(folder, handle, name, status)
        else:
            self.skip(folder, name, "special_file", status)
        return False

    def drop(self, folder: Folder, name: bytes) -> None:
        """Forget an entry and all below it."""
        known = folder.files.pop(name, None)
        if known is not None:
            folder.touch()
            if known.shared:
                self.linked.add(stamp_inode(known.stamp))
        if folder.skipped.pop(name, None) is not None and not folder.skipped:
            self.with_skips.discard(folder)
        child = folder.children.pop(name, None)
        if child is not None:
            folder.touch()
            for inner in child.walk():
                self.with_skips.discard(inner)
                self._dropped(inner)

    def skip(
        self,
        folder: Folder,
        name: bytes,
        reason: SkipReason,
        status: os.stat_result | None = None,
        sha256: str = "",
    ) -> None:
        """Note an entry that is not recorded by content."""
        self.drop(folder, name)
        size = status.st_size if status and stat.S_ISREG(status.st_mode) else 0
        folder.skipped[name] = Skip(reason, size, sha256, stamp_of(status) if status else b"")
        self.with_skips.add(folder)

    def failed(self, folder: Folder, name: bytes, error: OSError, status: os.stat_result | None = None) -> None:
        """Note an entry that could not be looked at: it has gone, or it is not for us to read."""
        if error.errno in _NO_RESOURCES:
            raise error
        if is_gone(error):
            self.drop(folder, name)
            self._lost(folder, name)
        else:
            self.skip(folder, name, "unreadable", status)

    def _folder(self, folder: Folder, name: bytes, status: os.stat_result) -> bool:
        if folder.depth >= MAX_DEPTH or len(folder.path(name)) > _MAX_PATH:
            self.skip(folder, name, "unreadable", status)
            return False
        if name not in folder.children:
            self.drop(folder, name)
            folder.children[name] = Folder(name, folder)
            folder.touch()
        else:
            folder.skipped.pop(name, None)
        return True

    def _file(self, folder: Folder, handle: int, name: bytes, status: os.stat_result) -> None:
        if self._unchanged(folder, name, status):
            return
        started = time.time_ns()
        try:
            content = read_file(name, handle, self._policy)
        except OSError as error:
            self.failed(folder, name, error, status)
            return
        trust = self._trust(content.status, started) if content.steady else 0
        if content.data is None:
            self.skip(folder, name, "too_large", content.status, content.sha256)
            return
        mode = 0o100755 if content.status.st_mode & stat.S_IXUSR else 0o100644
        shared = content.status.st_nlink > 1
        oid = self._put(b"blob", content.data)
        if self._set(folder, name, Known(mode, oid, stamp_of(content.status), trust, shared)) and shared:
            self.linked.add(inode_of(content.status))

    def _link(self, folder: Folder, handle: int, name: bytes, status: os.stat_result) -> None:
        if self._unchanged(folder, name, status):
            return
        started = time.time_ns()
        try:
            target = os.readlink(name, dir_fd=handle)
        except OSError as error:
            self.failed(folder, name, error, status)
            return
        oid = self._put(b"blob", target)
        self._set(folder, name, Known(0o120000, oid, stamp_of(status), self._trust(status, started)))

    def _set(self, folder: Folder, name: bytes, known: Known) -> bool:
        before = folder.files.get(name)
        if before is not None and before[:2] == known[:2]:
            if before.shared:
                self.linked.add(stamp_inode(before.stamp))
            folder.files[name] = known
            return False
        self.drop(folder, name)
        folder.files[name] = known
        folder.touch()
        return True

    def _unchanged(self, folder: Folder, name: bytes, status: os.stat_result) -> bool:
        known = folder.files.get(name)
        if known is not None:
            return known.trust >= (2 if self.recheck else 1) and known.stamp == stamp_of(status)
        skip = folder.skipped.get(name)
        return skip is not None and not self.recheck and skip.stamp == stamp_of(status)

    def _trust(self, status: os.stat_result, started: int) -> int:
        age = started - status.st_ctime_ns
        if age < _TICK_NS:
            return 0
        return 2 if self.first or age > _WRITEBACK_NS else 1
