"""Reading lines, and JSON objects on lines, from a program that can print anything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import msgspec
from anyio.abc import ByteReceiveStream

from loopwright.base import valid

__all__ = ["MOST_BYTES", "Splitter", "lines", "parse_object"]

MOST_BYTES = 64 << 20
"""A line longer than this is cut: an agent may put a tool's whole output on one line, but not without end."""

OnCut = Callable[[int], None]


async def lines(
    stream: ByteReceiveStream, most_bytes: int = MOST_BYTES, on_cut: OnCut | None = None
) -> AsyncIterator[bytes]:
    """The lines of a stream without their line ends; empty ones are left out, a last one without an end is given.

    A line that is longer than `most_bytes` is cut there, and `on_cut` is told how many bytes were dropped. Memory is
    bounded by one line. The iterator ends where the stream does, also where it breaks.
    """
    splitter = Splitter(most_bytes, on_cut)
    while True:
        try:
            chunk = await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            break
        for line in splitter.feed(chunk):
            yield line
    for line in splitter.end():
        yield line


class Splitter:
    """Turns pieces of a stream into lines; the part of `lines` that does no input."""

    def __init__(self, most_bytes: int = MOST_BYTES, on_cut: OnCut | None = None) -> None:
        self._most = most_bytes
        self._on_cut = on_cut
        self._kept: list[bytes] = []
        self._size = 0
        self._dropped = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` completes."""
        *ended, rest = chunk.split(b"\n")
        found = []
        for piece in ended:
            self._keep(piece)
            found += self.end()
        self._keep(rest)
        return found

    def end(self) -> list[bytes]:
        """The line that has begun, as it is now, unless it is empty."""
        line = b"".join(self._kept).removesuffix(b"\r")
        dropped = self._dropped
        self._kept, self._size, self._dropped = [], 0, 0
        if dropped and self._on_cut is not None:
            self._on_cut(dropped)
        return [line] if line else []

    def _keep(self, piece: bytes) -> None:
        room = self._most - self._size
        self._dropped += max(len(piece) - room, 0)
        kept = piece[:room] if room < len(piece) else piece
        if kept:
            self._kept.append(kept)
            self._size += len(kept)


def parse_object(line: bytes) -> dict[str, Any] | None:
    """The JSON object on a line, or None where the line is anything else.

    Invalid UTF-8 becomes replacement characters, and half surrogate pairs become `?`, so that all text in it can be
    written again.
    """
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = _second_try(line)
    return value if isinstance(value, dict) else None


def _second_try(line: bytes) -> Any:
    """JSON that the strict reader refuses for its text alone."""
    import json

    try:
        return _valid(json.loads(line.decode("utf-8", "replace"), parse_constant=lambda _: None))
    except (ValueError, RecursionError):
        return None


def _valid(value: Any) -> Any:
    if isinstance(value, str):
        return valid(value)
    if isinstance(value, list):
        return [_valid(one) for one in value]
    if isinstance(value, dict):
        return {valid(key): _valid(one) for key, one in value.items()}
    return value
