"""Finding the runs of a store."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from loopwright.base import UsageError
from loopwright.record._line import BadLine, unframe
from loopwright.record.runs import choose
from loopwright.record.stores import Store, run_key

__all__ = ["find_in_store"]

_ROOT = "trajectories/"


class _Start(Struct):
    started_at: str


def find_in_store(store: Store, text: str) -> str:
    """The id of the run that `text` means: its full id, the beginning of exactly one id, or `latest`.

    Reads the store's listing; for `latest` also the first segment of every run.

    Raises:
        UsageError: The store has no such run, or more than one that could be meant.
        MachineError: The store failed.
    """
    segments: dict[str, str] = {}
    for key in store.list(_ROOT):
        name, _, rest = key.removeprefix(_ROOT).partition("/")
        if rest.startswith("journal/"):
            segments[name] = min(rest, segments.get(name, rest))
    where = store.uri(_ROOT)
    if text != "latest":
        return choose(sorted(segments), text, where, "Look there for those it has.")
    if not segments:
        raise UsageError("The store has no run yet.", where=where)
    return max(segments, key=lambda name: (_started(store.get(run_key(name, segments[name]))), name))


def _started(segment: bytes) -> str:
    try:
        _, event = unframe(segment.partition(b"\n")[0] + b"\n")
        return msgspec.json.decode(event, type=_Start).started_at
    except (BadLine, msgspec.MsgspecError):
        return ""  # damaged: whoever asks for it by its id is told; it is never the latest
