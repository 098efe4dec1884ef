"""Walking a journal file line by line, checking each, and saying exactly where it is damaged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from loopwright.base import MachineError
from loopwright.record._line import BadLine, unframe

__all__ = ["JournalDamage", "Scan", "damage_of", "open_journal", "scan", "torn_bytes", "walk"]

_READ_BYTES = 1 << 16
"""Lines are a few KiB: with Python's own 8 KiB, every second one would be put together from two reads."""


class JournalDamage(MachineError):
    """A journal is damaged in the middle; nothing after this place can be trusted to follow what is before.

    Attributes:
        line: Number of the damaged line, from 1.
        offset: Where the line begins, in bytes.
    """

    def __init__(self, path: Path, line: int, offset: int, reason: str) -> None:
        self.line = line
        self.offset = offset
        self.reason = reason
        super().__init__(
            f"The journal is damaged at line {line} (byte {offset}): {reason}.",
            where=str(path),
            remedy=f"Keep what is before it with `loopwright recover {path.parent.name} --salvage`.",
        )


class Scan(Struct, frozen=True):
    """What a journal holds: `events` whole lines in `good_bytes`, then `torn_bytes` of an unfinished one."""

    events: int
    good_bytes: int
    torn_bytes: int


def open_journal(path: Path) -> BinaryIO:
    """A journal, for reading it line by line."""
    return path.open("rb", buffering=_READ_BYTES)


def walk(path: Path, file: BinaryIO) -> Iterator[tuple[int, memoryview]]:
    """Yield sequence number and event bytes of each whole line; stop before an unfinished one.

    Raises:
        JournalDamage: A whole line is not valid, or numbers are not consecutive from 1.
    """
    offset = 0
    for number, line in enumerate(file, start=1):
        if not line.endswith(b"\n"):
            return
        try:
            seq, event = unframe(line)
        except BadLine as error:
            raise JournalDamage(path, number, offset, str(error)) from error
        if seq != number:
            raise JournalDamage(path, number, offset, f"event {number} was expected, {seq} is there")
        yield seq, event
        offset += len(line)


def scan(path: Path) -> Scan:
    """Check every line of a journal without decoding the events; a missing file is an empty journal.

    Raises:
        JournalDamage: See `walk`.
    """
    if not path.exists():
        return Scan(0, 0, 0)
    events = 0
    with open_journal(path) as file:
        for events, _ in walk(path, file):  # noqa: B007 - the last number is the count
            pass
        good, torn = _whole_and_torn(file)
    return Scan(events, good, torn)


def torn_bytes(path: Path) -> int:
    """How long the unfinished last line is, 0 where there is none; reads only the end of the file."""
    with path.open("rb") as file:
        return _whole_and_torn(file)[1]


def _whole_and_torn(file: BinaryIO) -> tuple[int, int]:
    size = file.seek(0, 2)
    good = _end_of_last_line(file, size)
    return good, size - good


def _end_of_last_line(file: BinaryIO, size: int) -> int:
    end = size
    while end > 0:
        start = max(0, end - (1 << 16))
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def damage_of(path: Path, seq: int, error: msgspec.MsgspecError) -> JournalDamage:
    """The damage that a valid line with an unreadable event is (a newer version wrote it, or somebody edited it)."""
    with path.open("rb") as file:
        offset = sum(len(line) for _, line in zip(range(seq - 1), file, strict=False))
    return JournalDamage(path, seq, offset, f"the event cannot be read ({error})")
