"""Which recorded call answers a request: the one with the same content, or else the next one in order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from loopwright.gateway.recorded.source import RecordedCall
from loopwright.record import ScriptPosition

__all__ = ["Asked", "Match", "Tape", "asked_at", "position_of"]


class Asked(Struct, frozen=True):
    """A request: its API, whose conversation it belongs to, what it is for, and the digest of its normal form."""

    api: str
    conversation: str
    purpose: str
    digest: str

    @property
    def track(self) -> tuple[str, str, str]:
        """Requests of one track follow one another."""
        return self.api, self.conversation, self.purpose


class Match(Struct, frozen=True):
    """The call that answers, and whether its request had the same content."""

    call: RecordedCall
    equal: bool


def track_of(call: RecordedCall) -> tuple[str, str, str]:
    """The track of a recorded call, as `Asked.track`."""
    return call.event.api, call.event.conversation, call.event.purpose


class Tape:
    """The calls of a recording, and which of them have been used."""

    def __init__(self, calls: list[RecordedCall]) -> None:
        self._calls = calls
        self._by_number = {call.event.call: call for call in calls}
        self._by_digest: dict[tuple[str, str], list[RecordedCall]] = {}
        for call in calls:
            self._by_digest.setdefault((call.event.api, call.digest), []).append(call)
        self._tracks: dict[tuple[str, str, str], tuple[str, str, str]] = {}
        self._served: dict[tuple[tuple[str, str, str], str], RecordedCall] = {}

    @property
    def apis(self) -> set[str]:
        """The APIs that the recorded agent spoke."""
        return {call.event.api for call in self._calls}

    def find(self, asked: Asked) -> Match | None:
        """Choose the answer, without using it up; None where the recording has no more.

        A request that was answered before and has no other equal in the recording is a retry: it gets the same again.
        """
        equal = _first_unused(self._by_digest.get((asked.api, asked.digest), ()))
        if equal is not None:
            return Match(equal, True)
        again = self._served.get((asked.track, asked.digest))
        if again is not None:
            return Match(again, again.digest == asked.digest)
        track = self._tracks.get(asked.track) or self._open_track(asked)
        following = _first_unused(call for call in self._calls if track_of(call) == track)
        return Match(following, False) if following is not None else None

    def use(self, asked: Asked, call: RecordedCall) -> None:
        """Note that `call` answered `asked`."""
        call.used = True
        self._tracks.setdefault(asked.track, track_of(call))
        self._served[asked.track, asked.digest] = call

    def restore(self, asked: Asked, number: int) -> None:
        """Note what an earlier process used."""
        call = self._by_number.get(number)
        if call is not None:
            self.use(asked, call)

    def _open_track(self, asked: Asked) -> Any:
        """The first recorded track for the same purpose that no conversation follows yet."""
        taken = set(self._tracks.values())
        tracks = (track_of(call) for call in self._calls if not call.used)
        alike = [track for track in tracks if track not in taken and track[0] == asked.api]
        # Records of an early version do not say what a call was for.
        return next((track for track in alike if track[2] == asked.purpose), next(iter(alike), None))


def _first_unused(calls: Iterable[RecordedCall]) -> RecordedCall | None:
    return next((call for call in calls if not call.used), None)


def position_of(asked: Asked, match: Match, number: int) -> ScriptPosition:
    """How the record of this run says which recorded call answered request `number`; see `asked_at`."""
    return ScriptPosition(
        conversation=f"{asked.api} {asked.purpose} {asked.conversation}",
        reply=match.call.event.call,
        served=number,
        request_digest=asked.digest,
        cursor=0 if match.equal else 1,
    )


def asked_at(position: ScriptPosition) -> Asked:
    """The request that a position in the record stands for."""
    api, _, rest = position.conversation.partition(" ")
    purpose, _, conversation = rest.partition(" ")
    return Asked(api, conversation, purpose, position.request_digest)
