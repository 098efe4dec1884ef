"""One line of a journal: `{"seq":N,"crc":"xxxxxxxx","event":{...}}` and a newline.

`crc` is the CRC-32 of the event's bytes in hex. An event's JSON never contains a raw newline, so a line that has
none at its end was not written to the end.
"""

from __future__ import annotations

import re
from zlib import crc32

__all__ = ["BadLine", "frame", "unframe"]

_HEAD = re.compile(rb'\{"seq":([1-9][0-9]{0,17}),"crc":"([0-9a-f]{8})","event":')


class BadLine(ValueError):
    """A line that is not as it was written; the text says what is wrong with it."""


def frame(seq: int, event: bytes) -> bytes:
    """The line for an encoded event, with its newline."""
    return b'{"seq":%d,"crc":"%08x","event":%b}\n' % (seq, crc32(event), event)


def unframe(line: bytes) -> tuple[int, memoryview]:
    """The sequence number and the event's bytes of a line (with or without its newline).

    Raises:
        BadLine: The line is not of this form, or the CRC does not match.
    """
    head = _HEAD.match(line)
    end = len(line) - 1 if line.endswith(b"\n") else len(line)
    if head is None or line[end - 1 : end] != b"}":
        raise BadLine("not a journal line")
    event = memoryview(line)[head.end() : end - 1]
    if crc32(event) != int(head[2], 16):
        raise BadLine("the checksum does not match")
    return int(head[1]), event
