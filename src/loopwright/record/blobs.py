"""Payloads: small ones travel in the event, large ones lie in `blobs/<aa>/<sha256>`, once each."""

from __future__ import annotations

import hashlib
import os
import re
from collections import deque
from pathlib import Path
from typing import Any

import msgspec

from loopwright.base import MachineError, atomic_write
from loopwright.record._disk import disk_error
from loopwright.record._text import encode_value
from loopwright.record.events import Payload

__all__ = ["INLINE_BYTES", "PREVIEW_CHARS", "BlobStore"]

INLINE_BYTES = 8 * 1024
"""JSON up to this many bytes is kept in the event."""

PREVIEW_CHARS = 400
"""How much of a blob's text its payload shows."""

_HASH = re.compile(r"[0-9a-f]{64}")


class BlobStore:
    """The large payloads of one run, by the SHA-256 of their JSON."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._unsynced: deque[Path] = deque()

    def path(self, digest: str) -> Path:
        """Where the blob with this digest lies, whether it is there or not.

        Raises:
            MachineError: The text is not a SHA-256 in hex (a damaged or forged record).
        """
        if not _HASH.fullmatch(digest):
            raise MachineError(f"{digest[:80]!r} is not the digest of a blob.", where=str(self.folder))
        return self.folder / digest[:2] / digest

    def payload(self, value: Any) -> Payload:
        """Store a JSON value: by value up to `INLINE_BYTES` of JSON, else as a blob, written atomically.

        Raises:
            MachineError: The disk is full or not writable.
            TypeError: `value` is not a JSON value.
        """
        kept, encoded = encode_value(value)
        if len(encoded) <= INLINE_BYTES:
            return Payload(value=kept, size=len(encoded))
        digest = hashlib.sha256(encoded).hexdigest()
        self._write(self.path(digest), encoded)
        text = kept if isinstance(kept, str) else encoded[: 4 * PREVIEW_CHARS].decode("utf-8", "ignore")
        return Payload(blob=digest, size=len(encoded), preview=text[:PREVIEW_CHARS])

    def value(self, payload: Payload) -> Any:
        """The JSON value behind a payload.

        Raises:
            MachineError: The blob is missing or its content does not match its digest.
        """
        if not isinstance(payload.blob, str):
            return None if payload.value is msgspec.UNSET else payload.value
        return msgspec.json.decode(self.read(payload.blob))

    def read(self, digest: str) -> bytes:
        """The JSON of a blob, checked against its digest.

        Raises:
            MachineError: The blob is missing or damaged.
        """
        path = self.path(digest)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise MachineError(
                "A payload of this run is missing.",
                where=str(path),
                remedy="Copy the file back from the store or a backup; the rest of the run is readable without it.",
            ) from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise MachineError(
                "A payload of this run is damaged: its content does not match its name.",
                where=str(path),
                remedy="Copy the file back from the store or a backup; the rest of the run is readable without it.",
            )
        return data

    def sync(self) -> None:
        """Make every blob written since the last call survive a power cut.

        Raises:
            OSError: The disk failed.
        """
        folders = set()
        while self._unsynced:
            path = self._unsynced.popleft()
            _fsync(path)
            folders.add(path.parent)
        for folder in folders:
            _fsync(folder)
        if folders:
            _fsync(self.folder)

    def _write(self, path: Path, data: bytes) -> None:
        if path.exists():
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(path, data)
        except OSError as error:
            raise disk_error(error, "store a payload", path) from error
        self._unsynced.append(path)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
