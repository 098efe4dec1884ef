"""A run's journal as exchanges: one request to the model, its reply, and what became of the reply's calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct, field

from loopwright.gateway import apply_difference, whole_request
from loopwright.record import (
    BlobStore,
    Event,
    ModelCalled,
    PartAdded,
    RunEnded,
    RunStarted,
    TestsGraded,
    TurnEnded,
    TurnStarted,
)

__all__ = ["Exchange", "Logged", "Sent", "exchanges_of"]


class Exchange(Struct):
    """One reply of the model. `number` is that of its first part, so numbers grow with those of parts.

    `failed` are the calls before it that brought no reply; `call` is None where the gateway's record lacks it.
    """

    number: int
    turn: int
    call: ModelCalled | None
    failed: list[ModelCalled]
    said: list[PartAdded]
    results: list[PartAdded] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What its files are called; sorts by number."""
        return f"p{self.number:05}"


class Logged(Struct):
    """A whole run, as far as it went.

    `unanswered` are the calls after the last reply; `graded` the tests that the agent did not ask for.
    """

    begun: RunStarted | None = None
    over: RunEnded | None = None
    graded: list[TestsGraded] = field(default_factory=list)
    turns: list[TurnStarted] = field(default_factory=list)
    ended: list[TurnEnded] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    spoken: list[PartAdded] = field(default_factory=list)
    calls: list[ModelCalled] = field(default_factory=list)
    unanswered: list[ModelCalled] = field(default_factory=list)


def exchanges_of(events: Iterable[Event]) -> Logged:
    """Put events together."""
    logged = Logged()
    for event in events:
        match event:
            case RunStarted():
                logged.begun = event
            case RunEnded():
                logged.over = event
            case TestsGraded() if event.cause != "agent":
                logged.graded.append(event)
            case TurnStarted():
                logged.turns.append(event)
            case TurnEnded():
                logged.ended.append(event)
            case ModelCalled():
                logged.calls.append(event)
                logged.unanswered.append(event)
            case PartAdded():
                _part(logged, event)
            case _:
                pass
    return logged


def _part(logged: Logged, part: PartAdded) -> None:
    if part.reply is None:
        logged.spoken.append(part)
        return
    newest = logged.exchanges[-1] if logged.exchanges else None
    if part.part_type == "tool_result":
        if newest is not None:
            newest.results.append(part)
        return
    if newest is not None and newest.said[0].reply == part.reply:
        newest.said.append(part)
        return
    waiting = logged.unanswered
    answered = waiting[-1] if waiting and not waiting[-1].error else None
    failed = waiting if answered is None else waiting[:-1]
    logged.exchanges.append(Exchange(part.part, part.turn, answered, failed, [part]))
    logged.unanswered = []


class Sent:
    """What was sent with each call, whole; in time that does not grow with the length of the conversation's past.

    Calls of one conversation are recorded as what differs from the one before, so the newest ones are kept.
    """

    _MOST = 64

    def __init__(self, calls: list[ModelCalled], blobs: BlobStore) -> None:
        self._calls = calls
        self._blobs = blobs
        self._whole: dict[int, Any] = {}

    def request(self, call: ModelCalled | None) -> dict[str, Any]:
        """The request of a call; empty where it was not recorded."""
        if call is None or call.request is None:
            return {}
        if call.call not in self._whole:
            self._whole[call.call] = self._made(call)
            while len(self._whole) > self._MOST:
                del self._whole[next(iter(self._whole))]
        found = self._whole[call.call]
        return found if isinstance(found, dict) else {}

    def _made(self, call: ModelCalled) -> Any:
        kept = self._blobs.value(call.request) if call.request is not None else None
        if isinstance(kept, dict) and "same_as" in kept and kept["same_as"]["call"] in self._whole:
            return apply_difference(call.api, self._whole[kept["same_as"]["call"]], kept)
        return whole_request(self._calls, call.call, self._blobs.value)
