"""Whole lines of a file from its end, reading no more than is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

__all__ = ["lines_backwards"]

_BLOCK = 1 << 16


def lines_backwards(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield `(offset, line)` with the newline, last line first; bytes after the last newline are left out.

    Holds one block and one line in memory. A line longer than a block is joined once, so the cost is linear.
    """
    end = file.seek(0, 2)
    parts: list[bytes] = []  # the pieces of the current line, last piece first
    seen_newline = False
    while end > 0:
        start = max(0, end - _BLOCK)
        file.seek(start)
        block = file.read(end - start)
        while (cut := block.rfind(b"\n")) >= 0:
            parts.append(block[cut + 1 :])
            if seen_newline:
                yield start + cut + 1, b"".join(reversed(parts)) + b"\n"
            seen_newline = True
            parts = []
            block = block[:cut]
        parts.append(block)
        end = start
    if seen_newline:
        yield 0, b"".join(reversed(parts)) + b"\n"
