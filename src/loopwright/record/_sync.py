"""Making appended bytes survive a power cut, in groups, without the writer waiting."""

from __future__ import annotations

import os
import threading

from loopwright.base import MachineError
from loopwright.record.blobs import BlobStore

__all__ = ["SYNC_SECONDS", "GroupSync"]

SYNC_SECONDS = 0.5
"""Wait between an append and its sync; half of the promised second, so that a slow sync fits in too."""


class GroupSync:
    """Syncs one descriptor, and the blobs that its events name before it."""

    def __init__(self, descriptor: int, blobs: BlobStore) -> None:
        self._descriptor = descriptor
        self._blobs = blobs
        self._error: OSError | None = None
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._syncing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="journal-sync", daemon=True)
        self._thread.start()

    def soon(self) -> None:
        """Have what was written synced within a second."""
        if not self._dirty.is_set():
            self._dirty.set()

    def now(self) -> None:
        """Sync what was written and return when it is done.

        Raises:
            MachineError: The disk failed, now or earlier.
        """
        self._sync()
        self.check()

    def check(self) -> None:
        """Raise what went wrong in the background.

        Raises:
            MachineError: A sync failed; after that the kernel may have dropped data, so there is no going on.
        """
        if self._error is not None:
            raise MachineError(
                f"The disk failed to keep the journal: {self._error.strerror}.",
                remedy="Move the run to another disk, then `loopwright verify` it.",
            ) from self._error

    def close(self) -> None:
        """Sync and end the thread.

        Raises:
            MachineError: The disk failed.
        """
        self._closing.set()
        self._dirty.set()
        self._thread.join()
        self.now()

    def _run(self) -> None:
        while True:
            self._dirty.wait()
            if self._closing.wait(SYNC_SECONDS):
                return
            self._sync()

    def _sync(self) -> None:
        with self._syncing:
            # Cleared first: an append during the sync sets it again and gets a sync of its own.
            self._dirty.clear()
            if self._closing.is_set():  # else the thread would not hear of it any more, and `close` wait for ever
                self._dirty.set()
            try:
                self._blobs.sync()
                os.fdatasync(self._descriptor)
            except OSError as error:
                self._error = error
