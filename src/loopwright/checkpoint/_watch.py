"""Ask the kernel which paths changed: a synchronous inotify reader.

The queue is read when a checkpoint is taken, in the same call. Whatever a finished program did is in the queue by
then, so its changes cannot slip into a later part, as they do with a watcher that reports through a thread.
"""

from __future__ import annotations

import os
from typing import NamedTuple

__all__ = ["Drained", "Watch"]


class Drained(NamedTuple):
    """What happened since the last call: names by watch; lost watches; `overflow` where the kernel lost count."""

    changed: dict[int, set[bytes]]
    gone: list[int]
    overflow: bool


class Watch:
    """One inotify queue over many folders.

    Raises:
        OSError: The kernel gives no more inotify instances.
        ImportError: This is not Linux.
    """

    def __init__(self) -> None:
        from inotify_simple import INotify, flags

        self._queue = INotify()
        self._ignored = int(flags.IGNORED)
        self._overflow = int(flags.Q_OVERFLOW)
        self._mask = int(
            flags.MODIFY
            | flags.ATTRIB
            | flags.CLOSE_WRITE
            | flags.CREATE
            | flags.DELETE
            | flags.MOVED_FROM
            | flags.MOVED_TO
            | flags.ONLYDIR
            | flags.EXCL_UNLINK
        )

    def add(self, folder_fd: int) -> int:
        """Watch an open folder and return the watch's number.

        The folder is named through its descriptor, so that nobody can swap it for a link in between.

        Raises:
            OSError: The limit of watches is reached (ENOSPC), or the folder is gone.
        """
        return int(self._queue.add_watch(f"/proc/self/fd/{folder_fd}", self._mask))

    def remove(self, watch: int) -> None:
        """Stop watching; harmless where the kernel has dropped the watch already."""
        try:
            self._queue.rm_watch(watch)
        except OSError:
            return

    def drain(self) -> Drained:
        """Read everything that is in the queue now, without waiting."""
        changed: dict[int, set[bytes]] = {}
        gone: list[int] = []
        overflow = False
        for event in self._queue.read(timeout=0):
            if event.mask & self._overflow:
                overflow = True
            elif event.mask & self._ignored:
                gone.append(event.wd)
            elif event.name:
                changed.setdefault(event.wd, set()).add(os.fsencode(event.name))
        return Drained(changed, gone, overflow)

    def close(self) -> None:
        """Give the queue and all its watches back."""
        self._queue.close()
