"""Reading a journal: whole, from its end, or as it grows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import msgspec

from loopwright.record._backwards import lines_backwards
from loopwright.record._line import BadLine, unframe
from loopwright.record._scan import JournalDamage, damage_of, open_journal, walk
from loopwright.record.events import Event, decode_event

__all__ = ["first_event", "follow", "read_events", "read_tail"]

_CHUNK = 1 << 20


def read_events(path: Path) -> Iterator[tuple[int, Event]]:
    """Yield `(seq, event)` from the first; an unfinished last line is not an event yet and is left out.

    Memory does not grow with the journal. A file that is not there has no events.

    Raises:
        JournalDamage: A line is not as it was written; everything before it has been yielded.
    """
    if not path.exists():
        return
    with open_journal(path) as file:
        for seq, data in walk(path, file):
            try:
                event = decode_event(data)
            except msgspec.MsgspecError as error:
                raise damage_of(path, seq, error) from error
            yield seq, event


def read_tail(path: Path, count: int) -> list[tuple[int, Event]]:
    """The last `count` events in order, reading only the end of the file.

    Raises:
        JournalDamage: One of these lines is not as it was written.
    """
    if count <= 0 or not path.exists():
        return []
    found: list[tuple[int, Event]] = []
    with path.open("rb") as file:
        for offset, line in lines_backwards(file):
            found.append(_decode(path, offset, line))
            if len(found) == count:
                break
    found.reverse()
    return found


def first_event(path: Path) -> Event | None:
    """The first event, or None where nothing was recorded yet.

    Raises:
        JournalDamage: The first line is not as it was written.
    """
    return next((event for _, event in read_events(path)), None)


async def follow(
    path: Path, stop: Callable[[], bool], poll: float = 0.1, after: int = 0
) -> AsyncIterator[tuple[int, Event]]:
    """Yield `(seq, event)` of every event after number `after`, and go on as the journal grows.

    Looks every `poll` seconds; ends when `stop()` is true and everything written before that was yielded. The file
    may appear later. A line that is being written, or was left unfinished by a dead writer, is waited for.

    Raises:
        JournalDamage: A whole line is not as it was written.
    """
    import anyio

    position = _position_after(path, after)
    while True:
        last_look = stop()
        for offset, line in _whole_lines(path, position):
            position = offset + len(line)
            yield _decode(path, offset, line)
        if last_look:
            return
        await anyio.sleep(poll)


def _whole_lines(path: Path, position: int) -> Iterator[tuple[int, bytes]]:
    if not path.exists():
        return
    with open_journal(path) as file:
        file.seek(position)
        for line in file:
            # Read again next time rather than kept: a new writer may have cut it off meanwhile.
            if not line.endswith(b"\n"):
                return
            yield position, line
            position += len(line)


def _position_after(path: Path, seq: int) -> int:
    if seq <= 0 or not path.exists():
        return 0
    with path.open("rb") as file:
        for offset, line in lines_backwards(file):
            if _unframe(path, offset, line)[0] <= seq:
                return offset + len(line)
    return 0


def _decode(path: Path, offset: int, line: bytes) -> tuple[int, Event]:
    seq, data = _unframe(path, offset, line)
    try:
        return seq, decode_event(data)
    except msgspec.MsgspecError as error:
        raise JournalDamage(path, seq, offset, f"the event cannot be read ({error})") from error


def _unframe(path: Path, offset: int, line: bytes) -> tuple[int, memoryview]:
    try:
        return unframe(line)
    except BadLine as error:
        raise JournalDamage(path, _line_number(path, offset), offset, str(error)) from error


def _line_number(path: Path, offset: int) -> int:
    number = 1
    with path.open("rb") as file:
        while offset > 0 and (data := file.read(min(offset, _CHUNK))):
            number += data.count(b"\n")
            offset -= len(data)
    return number
