"""Server-sent events: writing them, and reading them from chunks cut anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

__all__ = ["SseEvent", "SseParser", "frame", "pieces"]

_encoder = msgspec.json.Encoder()


class SseEvent(Struct, frozen=True):
    """One event. `data` joins its data lines with newlines; `raw` is the event's bytes with the blank line."""

    event: str
    data: bytes
    raw: bytes


class SseParser:
    """Split a byte stream into events (HTML Living Standard, section 9.2.6, without `id` and `retry`).

    Lines may end in LF, CR LF or CR. The bytes of the `raw` of all events and of `rest` are the input.

    Args:
        limit: The most bytes that one event may have; a longer one is dropped and counted in `dropped`, so that a
            broken peer cannot fill the memory.
    """

    def __init__(self, limit: int = 64 << 20) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._limit = limit
        self.dropped = 0

    @property
    def rest(self) -> bytes:
        """What has arrived of an event that has not ended."""
        return bytes(self._buffer)

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        """Take a chunk and yield the events that it completes."""
        self._buffer += chunk
        while (end := self._find_end()) is not None:
            raw = bytes(self._buffer[:end])
            del self._buffer[:end]
            self._scanned = 0
            yield _parse(raw)
        if len(self._buffer) > self._limit:
            self.dropped += 1
            self._buffer.clear()
            self._scanned = 0

    def _find_end(self) -> int | None:
        """The index after the first blank line, or None. A CR at the very end may be half of a CR LF: wait."""
        buffer = self._buffer
        at = self._scanned
        while (line_end := _line_end(buffer, at)) is not None:
            first, after = line_end
            if first == at:
                return after
            at = self._scanned = after
        return None


def _line_end(buffer: bytearray, at: int) -> tuple[int, int] | None:
    newline = buffer.find(b"\n", at)
    carriage = buffer.find(b"\r", at, newline if newline >= 0 else len(buffer))
    if carriage < 0:
        return None if newline < 0 else (newline, newline + 1)
    if carriage + 1 == len(buffer):
        return None
    return carriage, carriage + (2 if buffer[carriage + 1] == 0x0A else 1)


def _parse(raw: bytes) -> SseEvent:
    name = ""
    data: list[bytes] = []
    for line in raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return SseEvent(name, b"\n".join(data), raw)


def frame(value: Any, event: str = "") -> bytes:
    """One event whose data is `value` as compact JSON."""
    head = f"event: {event}\n".encode() if event else b""
    return head + b"data: " + _encoder.encode(value) + b"\n\n"


def pieces(text: str, most: int = 6) -> list[str]:
    """Cut `text` into up to `most` deltas of at least 12 characters each, as a model would send it."""
    size = max(12, -(-len(text) // most))
    return [text[at : at + size] for at in range(0, len(text), size)]
