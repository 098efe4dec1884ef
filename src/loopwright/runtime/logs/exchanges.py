"""A run's journal as exchanges: one request to the model, its reply, and what became of the reply's calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from loopwright.gateway import whole_request
from loopwright.record import BlobStore, Event, ModelCalled, PartAdded, TurnEnded, TurnStarted

__all__ = ["Exchange", "Logged", "exchanges_of"]


class Exchange(Struct):
    """One reply of the model. `number` is that of its first part, so numbers grow with those of parts.

    `failed` are the calls before it that brought no reply; `call` is None where the gateway's record lacks it.
    """

    number: int
    turn: int
    call: ModelCalled | None
    failed: list[ModelCalled]
    said: list[PartAdded]
    results: list[PartAdded]


class Logged(Struct):
    """A whole run, as far as it went."""

    turns: list[TurnStarted]
    ended: list[TurnEnded]
    exchanges: list[Exchange]
    spoken: list[PartAdded]
    calls: list[ModelCalled]

    def request(self, call: ModelCalled, blobs: BlobStore) -> Any:
        """What was sent, whole."""
        return whole_request(self.calls, call.call, blobs.value)


def exchanges_of(events: Iterable[Event]) -> Logged:
    """Put events together."""
    logged = Logged([], [], [], [], [])
    waiting: list[ModelCalled] = []
    for event in events:
        match event:
            case TurnStarted():
                logged.turns.append(event)
            case TurnEnded():
                logged.ended.append(event)
            case ModelCalled():
                logged.calls.append(event)
                waiting.append(event)
            case PartAdded():
                waiting = _part(logged, event, waiting)
            case _:
                pass
    return logged


def _part(logged: Logged, part: PartAdded, waiting: list[ModelCalled]) -> list[ModelCalled]:
    if part.reply is None:
        logged.spoken.append(part)
        return waiting
    newest = logged.exchanges[-1] if logged.exchanges else None
    if part.part_type == "tool_result":
        if newest is not None:
            newest.results.append(part)
        return waiting
    if newest is not None and newest.said[0].reply == part.reply:
        newest.said.append(part)
        return waiting
    answered = waiting[-1] if waiting else None
    logged.exchanges.append(Exchange(part.part, part.turn, answered, waiting[:-1], [part], []))
    return []
