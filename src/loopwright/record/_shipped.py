"""What a store has of a run, learned from its listing."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from loopwright.base import UsageError
from loopwright.record.rundir import RunDir
from loopwright.record.stores import Store, run_key

__all__ = ["Shipped", "already_shipped"]


class Shipped(Struct):
    """Up to which event and byte the journal was shipped, and which blobs and bundles are there."""

    seq: int
    offset: int
    next_bundle: int
    blobs: set[str]
    bundles: set[str]


def already_shipped(rundir: RunDir, store: Store) -> Shipped:
    """Look what the store has; reads the listing and the last segment.

    Raises:
        UsageError: What the store has under this id is not the beginning of this run's journal.
        MachineError: The store failed.
    """
    keys = store.list(run_key(rundir.id))
    names = [key.removeprefix(run_key(rundir.id)) for key in keys]
    bundles = {name.removeprefix("bundles/") for name in names if name.startswith("bundles/")}
    local = {path.name for path in rundir.bundles_folder.glob("*.bundle")}
    numbers = [int(name.removesuffix(".bundle")) for name in bundles | local if name[:-7].isdigit()]
    blobs = {name.rpartition("/")[2] for name in names if name.startswith("blobs/")}
    segments = sorted(name for name in names if name.startswith("journal/"))
    seq, offset = _end_of_segments(rundir, store, segments)
    return Shipped(seq, offset, max(numbers, default=0) + 1, blobs, bundles)


def _end_of_segments(rundir: RunDir, store: Store, segments: list[str]) -> tuple[int, int]:
    if not segments:
        return 0, 0
    last = store.get(run_key(rundir.id, segments[-1]))
    first_seq = int(segments[-1].removeprefix("journal/").removesuffix(".jsonl"))
    offset = _offset_of(rundir.journal, first_seq)
    if offset is None or _bytes_at(rundir.journal, offset, len(last)) != last:
        raise UsageError(
            f"There would be two runs with one id: the store has another run {rundir.id!r}.",
            where=store.uri(run_key(rundir.id)),
            remedy="Choose another id or another store.",
        )
    return first_seq - 1 + last.count(b"\n"), offset + len(last)


def _offset_of(journal: Path, seq: int) -> int | None:
    if not journal.exists():
        return None
    offset = 0
    with journal.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if number == seq:
                return offset
            offset += len(line)
    return None


def _bytes_at(journal: Path, offset: int, count: int) -> bytes:
    with journal.open("rb") as file:
        file.seek(offset)
        return file.read(count)
