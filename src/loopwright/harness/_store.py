"""Results kept from one grade to the next: one file for each (tree, task, tools), appended to as tests end.

A result is kept under what it depends on, not under the path that was asked for: a grade of `basics` is a part of
the grade of everything, and an interrupted grade is a part of the same grade begun again. Only results that would be
the same tomorrow are kept: passed, skipped, or failed without any program having run out of time.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from loopwright.harness.results import CaseResult

__all__ = ["ResultStore", "store_key"]

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(CaseResult)


def store_key(*facts: str) -> str:
    """The name of a store file: SHA-256 in hex over everything that the results depend on."""
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()


class ResultStore:
    """The kept results of one key. A line that was torn by a crash is ignored, never repaired.

    Args:
        folder: Where store files are; made if absent.
        key: Made by `store_key`.
    """

    def __init__(self, folder: Path, key: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{key}.jsonl"
        self._file: int | None = None

    def load(self, ids: Iterable[str]) -> dict[str, CaseResult]:
        """The kept results of these tests."""
        try:
            lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return {}
        wanted, found = set(ids), {}
        for line in lines:
            case = _decode(line)
            if case is not None and case.id in wanted:
                found[case.id] = case
        return found

    def add(self, case: CaseResult) -> None:
        """Append one result; whole or not at all for any reader, also from another process.

        Raises:
            OSError: The disk is full or the folder is not writable.
        """
        if self._file is None:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        # The newline comes first too: after a torn line of a killed process, this one still stands alone.
        data = b"\n" + _encoder.encode(case) + b"\n"
        os.write(self._file, data)

    def close(self) -> None:
        """Close the file; further `add`s open it again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _decode(line: bytes) -> CaseResult | None:
    if not line:
        return None
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):  # msgspec raises either for bytes that are not UTF-8
        return None
