"""Noticing that an agent does nothing any more, or the same thing for ever, and saying what was seen.

It tells five states apart: a model call in flight (`thinking`), one that waits for a rate limit (`rate_limited`), a
tool running (`tool`), nothing at all (`silent`), and no process any more (`dead`). Only the last two are wrong; the
two before them are when they last several times as long as silence may.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, Protocol

import anyio
from msgspec import Struct

from loopwright.agents import Activity
from loopwright.base import one_line
from loopwright.gateway import Refusal
from loopwright.record import Event, ModelCalled, PartAdded, RunResumed, TurnStarted

__all__ = ["BUSY_FACTOR", "Sight", "Verdict", "Watchdog", "state_of"]

State = Literal["thinking", "rate_limited", "tool", "silent", "dead"]

BUSY_FACTOR = 4
"""A tool, or a call of the model, may be silent this many times as long as the agent itself."""

MOST_COMPACTIONS = 6
MOST_FAILED_CALLS = 25
MOST_REFUSED_CALLS = 3
"""As many may fail in a row where asking again cannot help: a wrong key, no credit, no such model."""

_FINAL = ("no_key", "wrong_key", "no_credit", "unknown_model", "ended")
_DEAD_GRACE_S = 3.0
_REFUSED_GRACE_S = 10.0
_LOOK_S = 0.25


class Traffic(Protocol):
    """What the watchdog must know of the gateway."""

    @property
    def in_flight(self) -> int: ...
    @property
    def waiting(self) -> bool: ...
    @property
    def last_activity(self) -> float: ...
    @property
    def exhausted(self) -> str | None: ...
    @property
    def refusal(self) -> Refusal | None: ...


class Sight(Struct, frozen=True):
    """What an agent was doing when it was looked at, for how many seconds nothing was heard, and of which tools."""

    state: State
    quiet: float
    tools: tuple[str, ...] = ()


class Verdict(Struct, frozen=True):
    """Why a turn must not go on. `kind`: `silent` and `dead` may be tried again, the others not."""

    kind: Literal["silent", "dead", "loop", "refused"]
    words: str


def state_of(activity: Activity, traffic: Traffic, grading: bool, now: float) -> Sight:
    """What the agent is doing at `now` (monotonic seconds)."""
    if activity.dead is not None:
        return Sight("dead", now - activity.last_heard)
    quiet = now - max(activity.last_heard, traffic.last_activity)
    if traffic.waiting:
        return Sight("rate_limited", quiet)
    if grading:
        return Sight("tool", 0.0, ("run_tests",))
    if traffic.in_flight:
        return Sight("thinking", quiet)
    if activity.tools:
        return Sight("tool", quiet, tuple(activity.tools.values()))
    return Sight("silent", quiet)


class Watchdog:
    """Watches one trajectory's agent, turn by turn.

    Args:
        traffic: The gateway.
        grading: Whether tests run for the agent now.
        max_silence: Seconds without a sign of life that end a turn; None: no end.
        patient: The agent lives in this process and does not tell which tools run: its silence counts like a tool's.
    """

    def __init__(
        self, traffic: Traffic, grading: Callable[[], bool], max_silence: float | None, *, patient: bool = False
    ) -> None:
        self._traffic = traffic
        self._grading = grading
        self._max_silence = max_silence
        self._patient = patient
        self._compactions = 0
        self._failed = 0
        self._last_error = ""

    def on_event(self, event: Event) -> None:
        """Take an event of the run into account: parts are progress, calls that fail or compact again are none."""
        match event:
            case PartAdded(part_type="unknown"):
                pass  # a compaction may be told as an item of its own
            case PartAdded() | TurnStarted() | RunResumed():
                self._compactions = self._failed = 0
            case ModelCalled():
                self._call(event)
            case _:
                pass

    def _call(self, event: ModelCalled) -> None:
        self._compactions += event.purpose == "compaction"
        if event.status >= 400 or event.error:
            self._failed += 1
            self._last_error = event.error or f"status {event.status}"
        elif event.purpose != "compaction":
            self._failed = 0

    def look(self, activity: Activity) -> Sight:
        """What the agent is doing now."""
        return state_of(activity, self._traffic, self._grading(), time.monotonic())

    async def watch(self, activity: Activity, bark: Callable[[Verdict], None]) -> None:
        """Look until something is wrong, and say so to `bark` once."""
        refused_since: float | None = None
        while True:
            await anyio.sleep(_LOOK_S)
            refused_since = (refused_since or time.monotonic()) if self._traffic.exhausted else None
            verdict = self._refused(refused_since) or self._loop() or self._quiet(self.look(activity), activity)
            if verdict is not None:
                bark(verdict)
                return

    def _refused(self, since: float | None) -> Verdict | None:
        if since is None or time.monotonic() - since < _REFUSED_GRACE_S:
            return None
        return Verdict("refused", "the budget is used up, and the agent did not yield when it was told so")

    def _loop(self) -> Verdict | None:
        if self._compactions >= MOST_COMPACTIONS:
            return Verdict(
                "loop", f"it compacted its conversation {self._compactions} times and did nothing in between"
            )
        refusal = self._traffic.refusal
        hopeless = refusal is not None and refusal.kind in _FINAL
        if self._failed >= (MOST_REFUSED_CALLS if hopeless else MOST_FAILED_CALLS):
            error = one_line(self._last_error, 300)
            return Verdict("loop", f"it asked the model {self._failed} times in a row without an answer: {error}")
        return None

    def _quiet(self, sight: Sight, activity: Activity) -> Verdict | None:
        if sight.state == "dead":
            if sight.quiet < _DEAD_GRACE_S:
                return None  # its stream is about to say so, with what it said last
            return Verdict("dead", activity.dead or "its process has ended")
        if self._max_silence is None or sight.state == "rate_limited":
            return None
        busy = sight.state in ("thinking", "tool") or self._patient
        most = self._max_silence * (BUSY_FACTOR if busy else 1)
        return Verdict("silent", _evidence(sight)) if sight.quiet > most else None


def _evidence(sight: Sight) -> str:
    quiet = f"nothing was heard of it for {sight.quiet:.0f} s"
    if sight.state == "thinking":
        return f"{quiet}, while a call of the model was under way"
    if sight.state == "tool":
        return f"{quiet}, while {', '.join(one_line(tool, 60) for tool in sight.tools[:3])} was running"
    return f"{quiet}; no tool was running and no call of the model under way, and its process lives"
