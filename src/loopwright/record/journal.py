"""Appending to a journal: the only way that a run is recorded.

`append` returns when the bytes are with the kernel, so that they survive the death of this process at any moment. A
background thread makes them survive a power cut at most `SYNC_SECONDS` later; checkpoints and grades at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from types import TracebackType

import msgspec
from msgspec import Struct

from loopwright.base import MachineError
from loopwright.record._disk import disk_error, sync_folder
from loopwright.record._line import frame
from loopwright.record._lock import lock_run
from loopwright.record._scan import Scan, scan
from loopwright.record._sync import GroupSync
from loopwright.record._text import clean
from loopwright.record.blobs import BlobStore
from loopwright.record.events import Event, PartAdded, RunEnded, TestsGraded, encode_event
from loopwright.record.rundir import RunDir

__all__ = ["Journal", "Listener", "Repair"]

Listener = Callable[[int, Event], None]
"""Told of each event after it was appended: its sequence number and the event. Must be quick and not raise."""


class Repair(Struct, frozen=True):
    """What was cut off a journal when it was opened: an event that was never acknowledged.

    `offset` is the journal's new size, `dropped_bytes` the length of the unfinished line.
    """

    offset: int
    dropped_bytes: int


class Journal:
    """The journal of one run, open for appending by one thread of one process.

    Use `Journal.open(rundir)` in a `with` statement.

    Attributes:
        blobs: The run's payload store; blobs made through it are on disk before the events that name them.
        repaired: What was cut off at opening, or None.
    """

    def __init__(self, rundir: RunDir, lock: int, descriptor: int, state: Scan, listeners: Iterable[Listener]) -> None:
        self.rundir = rundir
        self.blobs = BlobStore(rundir.blobs_folder)
        self.repaired = Repair(state.good_bytes, state.torn_bytes) if state.torn_bytes else None
        self._lock = lock
        self._descriptor = descriptor
        self._size = state.good_bytes
        self._seq = state.events
        self._broken = False
        self._listeners = list(listeners)
        self._sync = GroupSync(descriptor, self.blobs)

    @classmethod
    def open(cls, rundir: RunDir, listeners: Iterable[Listener] = ()) -> Journal:
        """Become the writer of a run, new or not; an unfinished last line is cut off (see `repaired`).

        Raises:
            UsageError: Another process is the writer.
            JournalDamage: The journal is damaged before its end; nothing was changed.
            MachineError: The disk cannot be written.
        """
        lock = lock_run(rundir)
        try:
            state = scan(rundir.journal)
            descriptor = _open(rundir, state)
        except BaseException:
            os.close(lock)
            raise
        return cls(rundir, lock, descriptor, state, listeners)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def seq(self) -> int:
        """The sequence number of the last event; 0 in an empty journal."""
        return self._seq

    def subscribe(self, listener: Listener) -> None:
        """Tell `listener` of every event from now on, in order, from within `append`."""
        self._listeners.append(listener)

    def append(self, event: Event) -> int:
        """Record an event and return its sequence number; listeners have been told then.

        Raises:
            MachineError: The disk is full or failed; the event is not recorded, all before it are.
        """
        self._sync.check()
        event, encoded = _encode(event)
        self._write(frame(self._seq + 1, encoded))
        self._seq += 1
        if _is_announced(event):
            self.sync()
        else:
            self._sync.soon()
        for listener in self._listeners:
            listener(self._seq, event)
        return self._seq

    def sync(self) -> None:
        """Return when everything appended so far survives a power cut.

        Raises:
            MachineError: The disk failed.
        """
        self._sync.now()

    def close(self) -> None:
        """Sync, and let another process become the writer. May be called twice.

        Raises:
            MachineError: The last sync failed; the journal is closed nevertheless.
        """
        if self._descriptor < 0:
            return
        try:
            self._sync.close()
        finally:
            os.close(self._descriptor)
            os.close(self._lock)
            self._descriptor = self._lock = -1

    def _write(self, line: bytes) -> None:
        if self._descriptor < 0 or self._broken:
            state = "cannot be written to any more" if self._broken else "is closed"
            raise MachineError(f"The journal {state}.", where=str(self.rundir.journal))
        try:
            written = os.write(self._descriptor, line)
            while written < len(line):  # rare: a signal, or the disk is about to be full
                written += os.write(self._descriptor, line[written:])
        except OSError as error:
            self._cut_back()
            raise disk_error(error, "append to the journal", self.rundir.journal) from error
        except BaseException:
            # KeyboardInterrupt between two writes of one line: half a line must not stay.
            self._cut_back()
            raise
        self._size += len(line)

    def _cut_back(self) -> None:
        try:
            os.ftruncate(self._descriptor, self._size)
        except OSError:
            # Half a line stays at the end; appending after it would bury it in the middle. Opening repairs it.
            self._broken = True


def _open(rundir: RunDir, state: Scan) -> int:
    try:
        descriptor = os.open(rundir.journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if state.torn_bytes:
                os.ftruncate(descriptor, state.good_bytes)
                os.fsync(descriptor)
            sync_folder(rundir.path)
        except BaseException:
            os.close(descriptor)
            raise
    except OSError as error:
        raise disk_error(error, "open the journal", rundir.journal) from error
    return descriptor


def _encode(event: Event) -> tuple[Event, bytes]:
    try:
        return event, encode_event(event)
    except UnicodeEncodeError:
        # A program printed bytes that are not UTF-8, and somebody put them into a field as lone surrogates.
        event = msgspec.convert(clean(msgspec.to_builtins(event)), Event)
        return event, encode_event(event)


def _is_announced(event: Event) -> bool:
    return isinstance(event, TestsGraded | RunEnded) or (isinstance(event, PartAdded) and event.checkpoint is not None)
