"""The next piece of a journal that a store does not have."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from loopwright.record._line import unframe
from loopwright.record._shipped import Shipped

__all__ = ["Segment", "next_segment"]

_MAX_BYTES = 4 << 20

# A quote inside a JSON string is escaped, so this matches keys only; that a value by another name has the same key is
# harmless, for then there is no such file.
_BLOB = re.compile(rb'"blob":"([0-9a-f]{64})"')


_COMMIT = re.compile(rb'"(?:checkpoint|initial_commit)":')


class Segment(Struct, frozen=True):
    """Whole lines of a journal, the digests of the blobs that they name, and whether they name commits."""

    first_seq: int
    last_seq: int
    data: bytes
    blobs: tuple[str, ...]
    commits: bool


def next_segment(journal: Path, shipped: Shipped) -> Segment | None:
    """The whole lines after what was shipped, about `_MAX_BYTES` at most; None where there is nothing new."""
    if not journal.exists() or journal.stat().st_size <= shipped.offset:
        return None
    with journal.open("rb") as file:
        file.seek(shipped.offset)
        data = file.read(_MAX_BYTES)
        if b"\n" not in data:
            data += file.readline()
    data = data[: data.rfind(b"\n") + 1]
    if not data:
        return None
    last_line = data[data.rfind(b"\n", 0, -1) + 1 :]
    blobs = dict.fromkeys(found.decode() for found in _BLOB.findall(data))
    return Segment(
        first_seq=unframe(data[: data.index(b"\n")])[0],
        last_seq=unframe(last_line)[0],
        data=data,
        blobs=tuple(blobs),
        commits=_COMMIT.search(data) is not None,
    )
