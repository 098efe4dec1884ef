"""One turn: following the agent's stream until it yields, is interrupted, or must be."""

from __future__ import annotations

from contextlib import aclosing
from typing import Literal

import anyio

from loopwright.base import one_line
from loopwright.gateway import Gateway
from loopwright.record import TurnEnded
from loopwright.trajectory.clock import now
from loopwright.trajectory.draining import Drain
from loopwright.trajectory.options import OnSilence
from loopwright.trajectory.recorder import Recorder
from loopwright.trajectory.remembering import MemoryKeeper
from loopwright.trajectory.seat import Seat
from loopwright.trajectory.state import SILENT
from loopwright.trajectory.stopping import StopSwitch
from loopwright.trajectory.watchdog import Verdict, Watchdog

__all__ = ["TurnFollower"]

_Outcome = Literal["finished", "interrupted", "error", "limit"]


class TurnFollower:
    """Records what the agent does in a turn, part by part, and ends the turn where that cannot go on."""

    def __init__(
        self,
        seat: Seat,
        recorder: Recorder,
        gateway: Gateway,
        stop: StopSwitch,
        watchdog: Watchdog,
        drain: Drain,
        on_silence: OnSilence,
    ) -> None:
        self._seat = seat
        self._recorder = recorder
        self._gateway = gateway
        self._stop = stop
        self._watchdog = watchdog
        self._drain = drain
        self._on_silence = on_silence
        self._keeper = MemoryKeeper(recorder)
        self._verdict: Verdict | None = None
        self.died = False
        """Whether the agent's process ended in the turn that was followed last, and nothing took the turn up."""

    async def follow(self, number: int, prompt: str | None) -> None:
        """Follow the agent through a turn; `prompt` is None for the rest of one that was cut off.

        Where the agent's process dies, another one takes the turn up again, once.
        """
        deaths = 0
        self._recorder.lap()
        while True:
            interrupted = await self._once(number, prompt)
            why = self._death()
            if why is None or deaths or not self._may_go_on():
                break
            deaths, prompt = 1, None
            self._recorder.notice("agent_died", self._told_death(why))
            await self._seat.replace()
        self.died = why is not None
        self._ended(number, interrupted, why)

    async def _once(self, number: int, prompt: str | None) -> bool:
        """One process's share of the turn; whether it was interrupted."""
        self._verdict = None
        self._seat.context.activity.idle()
        with self._stop.scope(self.seconds_left) as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._watchdog.watch, self._seat.context.activity, self._bark)
                await self._items(number, prompt)
                tasks.cancel_scope.cancel()
        return scope.cancelled_caught

    async def _items(self, number: int, prompt: str | None) -> None:
        agent = self._seat.agent
        items = agent.unfinished_turn() if prompt is None else agent.turn(prompt)
        self._seat.in_turn = True
        try:
            with self._drain.turn():
                async with aclosing(items) as stream:  # type: ignore[type-var]
                    while not self.parts_used_up():
                        with self._drain.waiting():
                            item = await anext(stream, None)
                        if item is None:
                            break
                        self._recorder.part(item, number)
                        self._keeper.after_part(agent)
        finally:
            self._seat.in_turn = False

    def _bark(self, verdict: Verdict) -> None:
        self._verdict = verdict
        self._stop.interrupt()

    def _death(self) -> str | None:
        """Why the agent's process is gone, where it is."""
        if self._verdict is not None:
            return self._verdict.words if self._verdict.kind == "dead" else None
        told = self._seat.agent.outcome
        return (told.detail or self._seat.context.activity.dead or "its process ended") if told.dead else None

    def _may_go_on(self) -> bool:
        """Whether anything is left that another process could go on with."""
        left = self.seconds_left()
        in_time = left is None or left > 0
        return in_time and not (self._stop.pressed() or self.parts_used_up() or self._gateway.exhausted)

    def _told_death(self, why: str) -> str:
        part = self._recorder.state.parts
        return f"The agent's process ended in the middle of its turn, after part {part}: {why}. It is started again."

    def _ended(self, number: int, interrupted: bool, death: str | None) -> None:
        outcome, detail = self._outcome(interrupted, death)
        self._keeper.after_turn(self._seat.agent)
        part = self._recorder.state.parts
        self._recorder.emit(
            TurnEnded(turn=number, timestamp=now(), part_end=part, outcome=outcome, detail=one_line(detail, 2000))
        )

    def _outcome(self, interrupted: bool, death: str | None) -> tuple[_Outcome, str]:
        if self._stop.pressed():
            return "interrupted", f"stopped by {self._stop.source}"
        if self._gateway.exhausted is not None:
            return "limit", f"{self._gateway.exhausted} reached"
        if self.parts_used_up():
            return "limit", "the parts are used up"
        if death is not None:
            return "error", f"the agent's process ended twice in one turn: {death}"
        if self._verdict is not None:
            return self._judged(self._verdict)
        if interrupted:
            return "limit", "the time is used up"
        return self._seat.agent.outcome.outcome, self._seat.agent.outcome.detail

    def _judged(self, verdict: Verdict) -> tuple[_Outcome, str]:
        if verdict.kind != "silent":
            self._recorder.notice("agent_in_loop", f"The agent's turn was ended: {verdict.words}.", level="error")
            return "error", verdict.words
        again = self._on_silence == "retry" and not self._recorder.state.silent_turns
        then = "it is prompted again" if again else "the run ends"
        self._recorder.notice(SILENT, f"The agent's turn was interrupted: {verdict.words}; {then}.")
        return ("interrupted" if again else "error"), verdict.words

    def parts_used_up(self) -> bool:
        """Whether the run may have no further part."""
        most = self._recorder.state.limits.max_parts
        return most is not None and self._recorder.state.parts >= most

    def seconds_left(self) -> float | None:
        """How long the run may go on; None where there is no limit."""
        most = self._recorder.state.limits.max_seconds
        return None if most is None else most - self._recorder.state.seconds
