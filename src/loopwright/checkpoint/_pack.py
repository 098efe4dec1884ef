"""Write many new objects as one pack file: a thousand loose files would cost more than their content.

Formats: gitformat-pack(5), pack version 2 and index version 2.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
import tempfile
import zlib
from pathlib import Path
from typing import BinaryIO

__all__ = ["PackWriter"]

_TYPES = {b"commit": 1, b"tree": 2, b"blob": 3}
_LARGE = 0x8000_0000


class PackWriter:
    """One pack in the making, below `scratch`; `finish` moves it to `target` with its index."""

    def __init__(self, scratch: Path, target: Path) -> None:
        self._target = target
        handle, name = tempfile.mkstemp(dir=scratch, prefix="pack-")
        self._path = Path(name)
        self._file: BinaryIO = os.fdopen(handle, "w+b")
        self._file.write(_header(0))
        self._offset = len(_header(0))
        self._rows: dict[bytes, tuple[int, int]] = {}

    def __contains__(self, oid: bytes) -> bool:
        return oid in self._rows

    def add(self, oid: bytes, kind: bytes, size: int, packed: bytes) -> None:
        """Append an object; `packed` is its content in zlib format, `size` the length of the content itself."""
        row = _object_header(_TYPES[kind], size) + packed
        self._rows[oid] = (self._offset, zlib.crc32(row))
        self._file.write(row)
        self._offset += len(row)

    def finish(self, *, durable: bool) -> None:
        """Complete the pack and make it visible, the index last, as readers look for that."""
        self._file.seek(0)
        self._file.write(_header(len(self._rows)))
        self._file.flush()
        digest = self._digest()
        self._file.seek(0, os.SEEK_END)
        self._file.write(digest)
        self._file.flush()
        if durable:
            os.fsync(self._file.fileno())
        self._file.close()
        index = self._path.with_suffix(".idx")
        _write(index, self._index(digest), durable)
        base = self._target / f"pack-{digest.hex()}"
        self._path.chmod(0o444)
        self._path.rename(base.with_suffix(".pack"))
        index.rename(base.with_suffix(".idx"))

    def abandon(self) -> None:
        """Drop what was written."""
        self._file.close()
        self._path.unlink(missing_ok=True)
        self._path.with_suffix(".idx").unlink(missing_ok=True)

    def _digest(self) -> bytes:
        with mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            return hashlib.sha1(view, usedforsecurity=False).digest()

    def _index(self, digest: bytes) -> bytes:
        oids = sorted(self._rows)
        counts = [0] * 256
        for oid in oids:
            counts[oid[0]] += 1
        fanout, total = [], 0
        for count in counts:
            total += count
            fanout.append(total)
        offsets, large = _offsets([self._rows[oid][0] for oid in oids])
        body = b"".join(
            (
                b"\xfftOc\0\0\0\2",
                struct.pack(">256I", *fanout),
                *oids,
                struct.pack(f">{len(oids)}I", *(self._rows[oid][1] for oid in oids)),
                struct.pack(f">{len(offsets)}I", *offsets),
                struct.pack(f">{len(large)}Q", *large),
                digest,
            )
        )
        return body + hashlib.sha1(body, usedforsecurity=False).digest()


def _header(count: int) -> bytes:
    return b"PACK" + struct.pack(">II", 2, count)


def _object_header(kind: int, size: int) -> bytes:
    byte = (kind << 4) | (size & 0x0F)
    size >>= 4
    out = bytearray()
    while size:
        out.append(byte | 0x80)
        byte = size & 0x7F
        size >>= 7
    out.append(byte)
    return bytes(out)


def _offsets(real: list[int]) -> tuple[list[int], list[int]]:
    small: list[int] = []
    large: list[int] = []
    for offset in real:
        if offset < _LARGE:
            small.append(offset)
        else:
            small.append(_LARGE | len(large))
            large.append(offset)
    return small, large


def _write(path: Path, data: bytes, durable: bool) -> None:
    with path.open("wb") as file:
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    path.chmod(0o444)
