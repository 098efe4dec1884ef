"""The run whose answers are given again: found in a home, and its calls read from its journal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from loopwright.base import UsageError
from loopwright.gateway.recorded.normal import digest_of, names_in
from loopwright.gateway.requests import apply_difference, items_of, whole_request
from loopwright.record import (
    BlobStore,
    JournalDamage,
    ModelCalled,
    Payload,
    RunDir,
    RunStarted,
    find_run,
    first_event,
    read_events,
    read_tail,
)

__all__ = ["RecordedCall", "Recording"]

# Refusals of the gateway itself belong to the limits of that run, not to its model.
_OWN_REFUSALS = frozenset({"token_limit", "cost_limit", "price_unknown", "recording_ended"})


class RecordedCall(Struct):
    """One call of the earlier run that was answered.

    Attributes:
        digest: Of the normal form of its request.
        start: How many items of the conversation were in the request before it; the rest is new.
        names: The names, as `names_in` finds them, in the items that are new.
    """

    event: ModelCalled
    digest: str
    start: int
    names: list[str]
    used: bool = False


class Recording:
    """An earlier run as a model.

    Attributes:
        run: Its full id.
        name: The name of its model.
        digest: SHA-256 of the run's id and the number of its newest event.
        workspace: The path of its workspace as its agent saw it.
    """

    def __init__(self, rundir: RunDir, started: RunStarted, digest: str) -> None:
        self.run = rundir.id
        self.name = started.agent_model or started.model
        self.digest = digest
        self.workspace = str(rundir.workspace) if started.sandbox == "host" else "/workspace"
        self._journal = rundir.journal
        self._blobs = BlobStore(rundir.blobs_folder)

    @classmethod
    def find(cls, home: Path, text: str) -> Recording:
        """The run that `text` means, as `find_run` reads it.

        Raises:
            UsageError: There is no such run, it never began, or its journal is damaged.
        """
        rundir = find_run(home, text)
        try:
            started, tail = first_event(rundir.journal), read_tail(rundir.journal, 1)
        except JournalDamage as error:
            raise _damaged(rundir, error) from None
        if not isinstance(started, RunStarted):
            raise UsageError(f"the run {rundir.id!r} holds no model calls: it never began", where=str(rundir.path))
        digest = hashlib.sha256(f"{rundir.id} {tail[-1][0]}".encode()).hexdigest()
        return cls(rundir, started, digest)

    def calls(self) -> list[RecordedCall]:
        """All calls that were answered, in their order.

        Raises:
            UsageError: The journal is damaged, or there is no such call.
            MachineError: A request's blob is missing.
        """
        events = self._events()
        found = [call for call in self._read(events) if self._was_answered(call.event)]
        if not found:
            raise UsageError(f"the run {self.run!r} holds no answered model call", where=str(self._journal.parent))
        return found

    def request(self, number: int) -> Any:
        """The whole request of a call, read again."""
        return whole_request(self._events(), number, self.value)

    def value(self, payload: Payload) -> Any:
        """What a payload holds.

        Raises:
            MachineError: Its blob is missing or damaged.
        """
        return self._blobs.value(payload)

    def _events(self) -> list[ModelCalled]:
        try:
            return [event for _, event in read_events(self._journal) if isinstance(event, ModelCalled)]
        except JournalDamage as error:
            raise UsageError(str(error), where=str(self._journal)) from None

    def _read(self, calls: Iterable[ModelCalled]) -> Iterator[RecordedCall]:
        """The calls one by one. A request is kept only until the next one of its conversation is known."""
        kept: dict[int, Any] = {}
        for call in calls:
            request: Any = self.value(call.request) if call.request is not None else None
            same, start = request.get("same_as") if isinstance(request, dict) else None, 0
            if isinstance(same, dict):
                start = same["items"]
                request = apply_difference(call.api, kept.pop(same["call"]), request)
            kept[call.call] = request
            names = list(names_in(items_of(call.api, request)[start:]))
            yield RecordedCall(call, digest_of(request, self.workspace), start, names)

    def _was_answered(self, call: ModelCalled) -> bool:
        """Whether the agent got an answer that the model, or its provider, made."""
        if call.response is None or not call.status or (call.status < 400 and call.error):
            return False
        if call.status < 400:
            return True
        body = self.value(call.response)
        error = body.get("error") if isinstance(body, dict) else None
        return not (isinstance(error, dict) and error.get("code") in _OWN_REFUSALS)


def _damaged(rundir: RunDir, error: JournalDamage) -> UsageError:
    return UsageError(str(error), where=str(rundir.journal), remedy=f"Run `loopwright recover {rundir.id}`.")
