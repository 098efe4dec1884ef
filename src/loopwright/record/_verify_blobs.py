"""Whether every payload that events name is there and is what they name."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from loopwright.base import MachineError
from loopwright.record._problem import Problem
from loopwright.record.blobs import BlobStore
from loopwright.record.events import (
    AgentSession,
    Event,
    ModelCalled,
    PartAdded,
    Payload,
    RunStarted,
    Steered,
    TestsGraded,
    TurnStarted,
)
from loopwright.record.rundir import RunDir

__all__ = ["BlobCheck", "payloads_of"]


class BlobCheck:
    """Feed it every event with its number; each blob is read once. `count` is how many there are."""

    def __init__(self, rundir: RunDir) -> None:
        self._journal = rundir.journal
        self._blobs = BlobStore(rundir.blobs_folder)
        self._seen: set[str] = set()

    @property
    def count(self) -> int:
        """Number of distinct blobs that the events name."""
        return len(self._seen)

    def apply(self, seq: int, event: Event) -> Iterator[Problem]:
        """Check the payloads of the next event."""
        for payload in payloads_of(event):
            if not isinstance(payload.blob, str):
                if payload.value is msgspec.UNSET:
                    yield Problem(f"{self._journal}:{seq}", "A payload has neither a value nor a blob.", "")
            elif payload.blob not in self._seen:
                self._seen.add(payload.blob)
                yield from self._check(payload.blob, payload.size)

    def _check(self, digest: str, size: int) -> Iterator[Problem]:
        try:
            found = len(self._blobs.read(digest))
        except MachineError as error:
            yield Problem(error.where or "", error.what, error.remedy or "")
            return
        if found != size:
            yield Problem(str(self._blobs.path(digest)), f"The blob has {found} bytes, its event says {size}.", "")


def payloads_of(event: Event) -> Iterator[Payload]:
    """Every payload that an event carries."""
    match event:
        case RunStarted():
            candidates: tuple[Payload | None, ...] = (event.instruction,)
        case TurnStarted():
            candidates = (event.prompt,)
        case PartAdded():
            tool = event.tool
            candidates = (event.content, event.raw, *((tool.arguments, tool.result) if tool else ()))
        case ModelCalled():
            candidates = (event.request, event.response)
        case TestsGraded():
            candidates = (event.results,)
        case AgentSession():
            candidates = tuple(event.files.values())
        case Steered():
            candidates = (event.text,)
        case _:
            candidates = ()
    yield from (payload for payload in candidates if payload is not None)
