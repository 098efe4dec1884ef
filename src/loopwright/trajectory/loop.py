"""The test loop of one trajectory: turn, evaluation, decision, and again.

The loop holds no state of its own: what is to be done next follows from the fold of the journal. That is why a
resumed run goes on exactly where a killed one was.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from msgspec import UNSET

from loopwright.agents import Agent, AgentItem
from loopwright.gateway import Gateway
from loopwright.harness import Task
from loopwright.record import EndReason, Limits, RunEnded, StopRequested, TestsGraded, TurnEnded, TurnStarted
from loopwright.trajectory.clock import now
from loopwright.trajectory.decide import limit_reached, solves
from loopwright.trajectory.feedback import follow_up
from loopwright.trajectory.grading import GradeDesk
from loopwright.trajectory.recorder import Recorder
from loopwright.trajectory.stopping import StopSwitch

__all__ = ["TestLoop"]


class TestLoop:
    """Runs turns until the task is solved, a limit is reached, or somebody stops it."""

    __test__ = False

    def __init__(
        self,
        agent: Agent,
        task: Task,
        recorder: Recorder,
        desk: GradeDesk,
        gateway: Gateway,
        stop: StopSwitch,
        limits: Limits,
    ) -> None:
        self._agent = agent
        self._task = task
        self._recorder = recorder
        self._desk = desk
        self._gateway = gateway
        self._stop = stop
        self._limits = limits

    async def run(self) -> RunEnded:
        """Go on until there is a reason to end; returns the event that says so, which the caller records."""
        while True:
            state = self._recorder.state
            if self._stop.pressed() and state.open_turn is None:
                self._note_stop()
                return self._end("stopped")
            if state.open_turn is not None:
                await self._turn(state.turns, prompt=None)
            elif state.turns == 0:
                await self._start_turn(self._task.instruction)
            reason = await self._reason()
            if reason is not None:
                await self._grade_hidden(reason)
                return self._end(reason)
            await self._start_turn(self._next_prompt())

    async def _start_turn(self, prompt: str) -> None:
        state = self._recorder.state
        number = state.turns + 1
        payload = self._recorder.blobs.payload(prompt)
        self._recorder.emit(TurnStarted(turn=number, timestamp=now(), prompt=payload, part_start=state.parts + 1))
        await self._turn(number, prompt)

    async def _turn(self, number: int, prompt: str | None) -> None:
        """Follow the agent through one turn; `prompt` is None for the rest of a turn that was cut off."""
        self._recorder.lap()
        at_limit = self._parts_used_up()
        with self._stop.scope(self._seconds_left()) as scope:
            items = self._agent.unfinished_turn() if prompt is None else self._agent.turn(prompt)
            async with aclosing(items) as stream:  # type: ignore[type-var]
                while not at_limit:
                    item = await anext(stream, None)
                    if item is None:
                        break
                    at_limit = self._take(item, number)
        self._turn_ended(number, interrupted=scope.cancelled_caught, at_limit=at_limit)

    def _take(self, item: AgentItem, turn: int) -> bool:
        self._recorder.part(item, turn)
        return self._parts_used_up()

    def _turn_ended(self, number: int, *, interrupted: bool, at_limit: bool) -> None:
        told = self._agent.outcome
        outcome, detail = told.outcome, told.detail
        if self._stop.pressed():
            self._note_stop()
            outcome, detail = "interrupted", f"stopped by {self._stop.source}"
        elif interrupted or at_limit:
            outcome, detail = "limit", "the time is used up" if interrupted else "the parts are used up"
        elif self._gateway.exhausted is not None:
            outcome, detail = "limit", f"{self._gateway.exhausted} reached"
        self._recorder.emit(
            TurnEnded(turn=number, timestamp=now(), part_end=self._recorder.state.parts, outcome=outcome, detail=detail)
        )

    async def _reason(self) -> EndReason | None:
        """Why the run is over, or None; grades the files unless somebody is waiting for the end."""
        with self._stop.scope():
            if await self._solved():
                return "solved"
        if self._stop.pressed():
            self._note_stop()
            return "stopped"
        if self._gateway.exhausted is not None:
            return self._gateway.exhausted
        state = self._recorder.state
        limit = limit_reached(self._limits, parts=state.parts, turns=state.turns, seconds=state.seconds)
        if limit is not None:
            return limit
        last = state.last_turn_ended
        if last is None or not (last.outcome == "error" or self._idle()):
            return None
        # A provider that cannot be reached is no failure of the agent.
        return "infrastructure_error" if last.outcome == "error" and self._gateway.outage else "agent_error"

    def _note_stop(self) -> None:
        if not self._recorder.state.stop_requested:
            self._recorder.emit(StopRequested(timestamp=now(), source=str(self._stop.source)))

    async def _grade_hidden(self, reason: EndReason) -> None:
        """Grade all suites at the end, also those that the agent never saw, unless somebody waits for the end."""
        state = self._recorder.state
        known = state.final_grade is not None and state.final_grade.commit == state.last_commit
        if self._task.hidden and reason != "stopped" and not known:
            with self._stop.scope():
                await self._desk.evaluate("final")

    async def _solved(self) -> bool:
        grade = self._recorder.state.turn_grade or await self._desk.evaluate("turn_end")
        visible = {name: self._task.suites[name] for name in self._task.visible}
        if not solves(grade, visible):
            return False
        if not self._task.hidden:
            return True
        return solves(await self._desk.evaluate("final"), self._task.suites)

    def _idle(self) -> bool:
        """Whether two turns in a row called no tool: the agent has nothing more to do, and would not for ever."""
        return self._recorder.state.idle_turns >= 2

    def _next_prompt(self) -> str:
        grade = self._recorder.state.turn_grade
        if grade is None:
            raise RuntimeError("a turn is graded before the next one starts")
        return follow_up(grade, self._results(grade), tuple(self._task.visible))

    def _results(self, grade: TestsGraded) -> list[dict[str, Any]]:
        value = grade.results.value
        found: list[dict[str, Any]] = self._recorder.blobs.value(grade.results) if value is UNSET else value
        return found

    def _parts_used_up(self) -> bool:
        most = self._limits.max_parts
        return most is not None and self._recorder.state.parts >= most

    def _seconds_left(self) -> float | None:
        most = self._limits.max_seconds
        return None if most is None else most - self._recorder.state.seconds

    def _end(self, reason: EndReason) -> RunEnded:
        state = self._recorder.state
        return RunEnded(
            timestamp=now(),
            reason=reason,
            total_parts=state.parts,
            total_turns=state.turns,
            final_git_commit=state.last_commit,
            solved_commit=state.last_commit if reason == "solved" else None,
            detail=self._detail(reason),
        )

    def _detail(self, reason: EndReason) -> str:
        last = self._recorder.state.last_turn_ended
        if reason == "stopped":
            return str(self._stop.source)
        if reason == "infrastructure_error":
            return self._gateway.outage or ""
        if reason == "agent_error":
            return (last.detail if last else "") or "the agent yielded twice without calling a tool"
        return ""
