"""Answering requests with what an earlier run was answered."""

from __future__ import annotations

from typing import Any

from loopwright.base import LoopwrightError
from loopwright.gateway._call import Answer, Call
from loopwright.gateway._core import OnNotice
from loopwright.gateway.prices import Price
from loopwright.gateway.recorded.differ import first_difference
from loopwright.gateway.recorded.normal import digest_of, names_in, renamed
from loopwright.gateway.recorded.source import RecordedCall, Recording
from loopwright.gateway.recorded.tape import Asked, Match, Tape, asked_at, position_of
from loopwright.gateway.refusals import Refusal
from loopwright.gateway.requests import items_of
from loopwright.gateway.wire.neutral import BadRequest
from loopwright.record import ScriptPosition

__all__ = ["RecordedBackend"]

# What a damaged or forged record may make of the writers, which expect an answer of their API.
_NOT_AN_ANSWER = (AttributeError, TypeError, KeyError, ValueError, RecursionError)


class RecordedBackend:
    """Gives the answers of a recording.

    Args:
        recording: The earlier run.
        workspace: Absolute path of the workspace as the agent sees it.
        on_notice: Hears, once, where a request first differs from the recorded one.
    """

    def __init__(self, recording: Recording, workspace: str, on_notice: OnNotice | None) -> None:
        self._recording = recording
        self._workspace = workspace
        self._calls = recording.calls()
        self._tape = Tape(self._calls)
        self._on_notice = on_notice
        self._names: dict[str, str] = {}
        moved = workspace != recording.workspace
        self._places = {recording.workspace: workspace} if moved else {}
        self._diverged = False
        self._restored = False
        self._rejoined: set[tuple[str, str, str]] = set()

    def restore(self, position: ScriptPosition) -> None:
        """Take over from the record what was used, and whether it has been said that the runs differ."""
        self._tape.restore(asked_at(position), position.reply)
        self._diverged = self._diverged or position.cursor > 0
        self._restored = True

    def refused_at(self, position: ScriptPosition) -> Refusal | None:
        """What has a position was answered."""

    def price_of(self, model: str) -> Price | None:
        """Each call costs what it cost; here it only counts whether that is known of all of them."""
        known = all(call.event.cost is not None for call in self._calls)
        return Price(0.0, 0.0, 0.0) if known else None

    async def count(self, call: Call) -> Answer:
        """An estimate: four bytes a token."""
        return Answer.json(200, {"input_tokens": -(-len(call.body) // 4)})

    async def close(self) -> None:
        """Nothing is open."""

    async def answer(self, call: Call) -> Answer:
        """Find the recorded answer, and write it in the request's wire format."""
        try:
            asked = Asked(call.wire.api, call.conversation, call.purpose, digest_of(call.value, self._workspace))
            match = self._tape.find(asked)
            if match is None:
                return self._refuse(call, self._at_end(call), "recording_ended")
            if not match.equal:
                self._report(call, match)
            self._learn_names(call, asked, match.call)
            answer = self._replayed(call, match.call)
        except (BadRequest, LoopwrightError) as error:
            return call.refusal(call.wire.final_status, str(error), "bad_request")
        except _NOT_AN_ANSWER as error:
            message = f"The record of {self._recording.run} cannot be replayed here: {error}"
            return self._refuse(call, message, "recording_damaged")
        self._tape.use(asked, match.call)
        call.script = position_of(asked, match, call.number)
        return answer

    def _refuse(self, call: Call, message: str, code: str) -> Answer:
        """Say that there is no answer. One beside the conversation may be missing without harm."""
        if call.purpose == "turn":
            call.refused = Refusal("ended", message, message)
        return call.refusal(call.wire.final_status, message, code)

    def _replayed(self, call: Call, recorded: RecordedCall) -> Answer:
        event = recorded.event
        assert event.response is not None
        value = renamed(self._recording.value(event.response), self._names, self._places)
        if isinstance(value, dict) and value.pop("usage_estimated", None):
            call.usage_estimated = True
        call.response, call.usage, call.cost = value, event.usage, event.cost
        # Where the earlier run did not know what was charged, nobody knows it now.
        call.in_doubt = event.cost is None
        call.model_served, call.finish_reason, call.error = event.model_served, event.finish_reason, event.error
        if event.status >= 400:
            return Answer.json(event.status, value)
        call.saw_token()
        if not call.streamed:
            return Answer.json(event.status, value)
        frames = list(call.wire.events(value, call.ask))
        _tell(call, value)
        return Answer(event.status, {"content-type": "text/event-stream"}, events=iter(frames))

    def _learn_names(self, call: Call, asked: Asked, recorded: RecordedCall) -> None:
        """Pair the names that this run gave with those of the earlier one, so that answers may speak of them."""
        start, before = recorded.start, recorded.names
        if self._restored and asked.track not in self._rejoined:
            # What an earlier process learned is lost, but the whole conversation is in the request.
            self._rejoined.add(asked.track)
            request = self._recording.request(recorded.event.call)
            start, before = 0, list(names_in(items_of(call.wire.api, request)))
        now = list(names_in(items_of(call.wire.api, call.value)[start:]))
        if len(now) == len(before):
            self._names |= {old: new for old, new in zip(before, now, strict=True) if old != new}

    def _report(self, call: Call, match: Match) -> None:
        if self._diverged:
            return
        self._diverged = True
        number, run = match.call.event.call, self._recording.run
        difference = first_difference(
            call.value, self._recording.request(number), (self._workspace, self._recording.workspace)
        )
        what = str(difference) if difference else "in the order of requests"
        if self._on_notice is not None:
            message = f"request {call.number} of this run differs from request {number} of {run} {what}"
            self._on_notice("diverged", message)

    def _at_end(self, call: Call) -> str:
        run, last = self._recording.run, self._calls[-1].event.call
        if call.wire.api not in self._tape.apis:
            spoken = ", ".join(sorted(self._tape.apis))
            return f"{run} was recorded with the API {spoken}, and this agent speaks {call.wire.api}."
        kind = f" ({call.purpose})" if call.purpose not in ("", "turn") else ""
        return f"The record of {run} has no answer for request {call.number}{kind} of this run; its last is {last}."


def _tell(call: Call, value: Any) -> None:
    """Show the reply to whoever looks on, read by the same reader that reads a provider's stream."""
    from loopwright.gateway.sse import SseParser

    if call.on_text is None:
        return
    watcher, parser = call.wire.watcher(), SseParser()
    pieces: list[tuple[str, str]] = []
    watcher.seen.fresh = pieces
    for frame in call.wire.events(value, call.ask):
        for event in parser.feed(frame):
            watcher.event(event)
    for kind, text in pieces:
        call.on_text(kind, text)
