"""Whether parts and turns follow one another as they must."""

from __future__ import annotations

from collections.abc import Iterator

from loopwright.record._problem import Problem
from loopwright.record.events import (
    CheckpointInfo,
    CheckpointTaken,
    Event,
    PartAdded,
    RunEnded,
    RunStarted,
    TurnEnded,
    TurnStarted,
)
from loopwright.record.rundir import RunDir

__all__ = ["OrderCheck"]


class OrderCheck:
    """Feed it every event with its number; each call yields what is wrong with that event."""

    def __init__(self, rundir: RunDir) -> None:
        self._journal = rundir.journal
        self._remedy = "The journal was written wrongly or edited; compare it with the store's segments."
        self._part = 0
        self._turn = 0
        self._commit: str | None = None
        self._started = False

    def apply(self, seq: int, event: Event) -> Iterator[Problem]:
        """Check the next event."""
        for what in self._wrong(event):
            yield Problem(f"{self._journal}:{seq}", what, self._remedy)

    def _wrong(self, event: Event) -> Iterator[str]:
        match event:
            case RunStarted():
                if self._started:
                    yield "The run is started a second time."
                self._started = True
                self._commit = event.initial_commit
            case PartAdded():
                yield from self._wrong_part(event)
            case TurnStarted() | TurnEnded():
                yield from self._wrong_turn(event)
            case CheckpointTaken():
                if event.part != self._part:
                    yield f"A checkpoint says it was taken after part {event.part}; the last part is {self._part}."
                yield from self._wrong_commit(event.checkpoint, event.part)
            case RunEnded():
                if event.total_parts != self._part:
                    yield f"The session end counts {event.total_parts} parts; there are {self._part}."
            case _:
                pass

    def _wrong_part(self, event: PartAdded) -> Iterator[str]:
        if event.part != self._part + 1:
            yield f"Part {event.part} follows part {self._part}."
        if event.turn != self._turn:
            yield f"Part {event.part} says it is of turn {event.turn}, in the middle of turn {self._turn}."
        # Go on from what it says, so that one gap is one problem.
        self._part, self._turn = event.part, event.turn
        if event.checkpoint is not None:
            yield from self._wrong_commit(event.checkpoint, event.part)

    def _wrong_commit(self, checkpoint: CheckpointInfo, part: int) -> Iterator[str]:
        if checkpoint.commit_before != self._commit:
            yield f"The checkpoint of part {part} does not follow the checkpoint before it."
        self._commit = checkpoint.commit_after

    def _wrong_turn(self, event: TurnStarted | TurnEnded) -> Iterator[str]:
        if isinstance(event, TurnEnded):
            if event.turn != self._turn:
                yield f"Turn {event.turn} ends in the middle of turn {self._turn}."
            if event.part_end != self._part:
                yield f"Turn {event.turn} says it ends with part {event.part_end}; the last part is {self._part}."
            return
        if event.turn != self._turn + 1:
            yield f"Turn {event.turn} follows turn {self._turn}."
        if event.part_start != self._part + 1:
            yield f"Turn {event.turn} says it begins with part {event.part_start}; the next part is {self._part + 1}."
        self._turn = event.turn
