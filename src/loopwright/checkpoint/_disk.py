"""Reading an untrusted workspace: every step by open folder, so that a swapped symbolic link leads nowhere."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import struct
from typing import NamedTuple

from loopwright.checkpoint.policy import Policy

__all__ = ["Content", "inode_of", "is_gone", "open_folder", "read_file", "stamp_inode", "stamp_of"]

_CHUNK = 2**20
_STAMP = struct.Struct("<qqqQI")
_INODE = slice(24, 32)
_GONE = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ESTALE))


class Content(NamedTuple):
    """What a regular file held. `data` is None where it is over the limit; `sha256` is set only then."""

    data: bytes | None
    sha256: str
    status: os.stat_result
    steady: bool


def is_gone(error: OSError) -> bool:
    """Whether the error says that somebody has removed or replaced the entry since it was listed."""
    return error.errno in _GONE


def stamp_of(status: os.stat_result) -> bytes:
    """All that changes when a file does, packed to stay small: mtime, ctime, size, inode, mode."""
    return _STAMP.pack(status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_mode)


def inode_of(status: os.stat_result) -> bytes:
    """The inode as `stamp_inode` gives it."""
    return status.st_ino.to_bytes(8, "little")


def stamp_inode(stamp: bytes) -> bytes:
    """The inode in a stamp."""
    return stamp[_INODE]


def open_folder(name: bytes, parent: int) -> int:
    """Open the folder `name` of the open folder `parent`; a symbolic link in its place raises OSError."""
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)


def read_file(name: bytes, parent: int, policy: Policy) -> Content:
    """Read a regular file, never more than the policy's limit into memory.

    Raises:
        OSError: It may not be read, or (see `is_gone`) it is no regular file any more.
    """
    handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
    try:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise FileNotFoundError(errno.ENOENT, "no regular file any more", name)
        data = None if before.st_size > policy.max_file_bytes else _read(handle, policy.max_file_bytes)
        digest = "" if data is not None else _digest(handle, policy.max_hash_bytes)
        after = os.fstat(handle)
    finally:
        os.close(handle)
    return Content(data, digest, after, stamp_of(before) == stamp_of(after))


def _read(handle: int, limit: int) -> bytes | None:
    pieces: list[bytes] = []
    size = 0
    while size <= limit and (piece := os.read(handle, min(_CHUNK, limit + 1 - size))):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces) if size <= limit else None


def _digest(handle: int, limit: int) -> str:
    if os.fstat(handle).st_size > limit:
        return ""
    os.lseek(handle, 0, os.SEEK_SET)
    digest = hashlib.sha256()
    size = 0
    while size <= limit and (piece := os.read(handle, _CHUNK)):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest() if size <= limit else ""
