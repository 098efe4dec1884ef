"""The test loop of one trajectory: turn, evaluation, decision, and again.

The loop holds no state of its own: what is to be done next follows from the fold of the journal. That is why a
resumed run goes on exactly where a killed one was.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from loopwright.gateway import Gateway
from loopwright.harness import Task
from loopwright.record import EndReason, RunEnded, Steered, StopRequested, TestsGraded, TurnEnded, TurnStarted
from loopwright.trajectory.asking import AskNext
from loopwright.trajectory.clock import now
from loopwright.trajectory.decide import limit_reached, solves, used_up
from loopwright.trajectory.feedback import follow_up
from loopwright.trajectory.grading import GradeDesk
from loopwright.trajectory.inheriting import Opening
from loopwright.trajectory.prompts import fill
from loopwright.trajectory.recorder import Recorder
from loopwright.trajectory.stopping import StopSwitch
from loopwright.trajectory.turning import TurnFollower

__all__ = ["END_OF_INPUT", "TestLoop"]

END_OF_INPUT = "end of input"
"""Who stopped a run, where the person who was asked for the next instruction had none."""

_GRADING_GRACE_S = 60.0


class TestLoop:
    """Runs turns until the task is solved, a limit is reached, or somebody stops it."""

    __test__ = False

    def __init__(
        self,
        follower: TurnFollower,
        task: Task,
        recorder: Recorder,
        desk: GradeDesk,
        gateway: Gateway,
        stop: StopSwitch,
        opening: Opening,
        ask: AskNext | None = None,
    ) -> None:
        self._follower = follower
        self._task = task
        self._recorder = recorder
        self._desk = desk
        self._gateway = gateway
        self._stop = stop
        self._opening = opening
        self._ask = ask

    async def run(self) -> RunEnded:
        """Go on until there is a reason to end; returns the event that says so, which the caller records."""
        while True:
            state = self._recorder.state
            if self._stop.pressed() and state.open_turn is None:
                self._note_stop()
                return self._end("stopped")
            if state.open_turn is not None:
                await self._follow(state.turns, prompt=None)
            elif state.turns == 0 and not self._opening.judged:
                await self._open()
            reason = await self._reason()
            prompt = await self._next_prompt() if reason is None else None
            if prompt is not None:
                await self._start_turn(self._with_steering(prompt))
                continue
            reason = reason or self._nothing_to_do()
            await self._grade_hidden(reason)
            return self._end(reason)

    async def _open(self) -> None:
        """The first turn."""
        if self._opening.continued is None:
            await self._start_turn(self._with_steering(self._opening.prompt))
            return
        text = self._recorder.blobs.value(self._opening.continued)
        self._recorder.emit(
            TurnStarted(turn=1, timestamp=now(), prompt=self._recorder.blobs.payload(text), part_start=1)
        )
        await self._follow(1, prompt=None)

    async def _start_turn(self, prompt: str) -> None:
        state = self._recorder.state
        number = state.turns + 1
        payload = self._recorder.blobs.payload(prompt)
        self._recorder.emit(TurnStarted(turn=number, timestamp=now(), prompt=payload, part_start=state.parts + 1))
        await self._follow(number, prompt)

    async def _follow(self, number: int, prompt: str | None) -> None:
        await self._follower.follow(number, prompt)
        if self._stop.pressed():
            self._note_stop()

    async def _reason(self) -> EndReason | None:
        """Why the run is over, or None; grades the files unless somebody is waiting for the end."""
        with self._stop.scope(self._grading_seconds):
            if await self._solved():
                return "solved"
        if self._stop.pressed():
            self._note_stop()
            return "stopped"
        if self._gateway.exhausted is not None:
            return self._gateway.exhausted
        state = self._recorder.state
        limit = limit_reached(state.limits, parts=state.parts, turns=state.turns, seconds=state.seconds)
        if limit is not None:
            return limit
        return self._agents_own(state.last_turn_ended)

    def _agents_own(self, last: TurnEnded | None) -> EndReason | None:
        """Why the agent itself cannot go on, or None."""
        if last is None:
            return None
        if last.outcome == "limit":
            return "turn_limit"  # one of the agent's own, since none of the run's is reached
        if last.outcome == "error":
            # A provider that cannot be reached is no failure of the agent, nor is a program that never began to work.
            return "infrastructure_error" if self._gateway.outage or self._never_began() else "agent_error"
        if not self._idle():
            return None
        # A script that has ended is no failure of the agent either.
        return "infrastructure_error" if self._gateway.outage else "agent_error"

    def _never_began(self) -> bool:
        """Whether the agent's process died without a part, and without a question to its model."""
        state = self._recorder.state
        return self._follower.died and not state.parts and not state.model_calls

    def _nothing_to_do(self) -> EndReason:
        """Why the run is over where nobody says what the next turn is about."""
        if self._task.suites and not self._stop.pressed():
            self._stop.press(END_OF_INPUT)
        if not self._stop.pressed():
            return "finished"
        self._note_stop()
        return "stopped"

    def _note_stop(self) -> None:
        if not self._recorder.state.stop_requested:
            self._recorder.emit(StopRequested(timestamp=now(), source=str(self._stop.source)))

    async def _grade_hidden(self, reason: EndReason) -> None:
        """Grade all suites at the end, also those that the agent never saw, unless somebody waits for the end."""
        state = self._recorder.state
        known = state.final_grade is not None and state.final_grade.commit == state.last_commit
        if self._task.hidden and reason != "stopped" and not known:
            with self._stop.scope(self._grading_seconds):
                await self._desk.evaluate("final")

    async def _solved(self) -> bool:
        if not self._task.suites:
            return False
        grade = self._recorder.state.turn_grade or await self._desk.evaluate("turn_end")
        visible = {name: self._task.suites[name] for name in self._task.visible}
        if not solves(grade, visible):
            return False
        if not self._task.hidden:
            return True
        return solves(await self._desk.evaluate("final"), self._task.suites)

    def _idle(self) -> bool:
        """Whether two turns in a row called no tool: the agent has nothing more to do, and would not for ever."""
        state = self._recorder.state
        alone = bool(self._task.suites) and self._ask is None
        return alone and state.idle_turns >= 2 and not state.steering_due

    async def _next_prompt(self) -> str | None:
        """What the next turn is about, without what people said meanwhile; None where nothing is left to say."""
        state = self._recorder.state
        if self._ask is not None:
            with self._stop.scope():
                return await self._ask()
            return None
        if self._task.suites:
            return self._told()
        last = state.last_turn_ended
        if state.cut_short if last is None else last.outcome == "interrupted":
            return fill("go_on")
        return "" if state.steering_due else None

    def _told(self) -> str:
        grade = self._recorder.state.turn_grade
        if grade is None:
            raise RuntimeError("a turn is graded before the next one starts")
        told = follow_up(grade, self._results(grade), tuple(self._task.visible))
        first = self._recorder.state.turns == 0 and self._opening.prompt
        return f"{self._opening.prompt}\n\n{told}" if first else told

    def _results(self, grade: TestsGraded) -> list[dict[str, Any]]:
        value = grade.results.value
        found: list[dict[str, Any]] = self._recorder.blobs.value(grade.results) if value is UNSET else value
        return found

    def _with_steering(self, prompt: str) -> str:
        """The prompt, after what people said that the agent has not heard."""
        said = [self._text(steered) for steered in self._recorder.state.steering_due]
        return "\n\n".join(piece for piece in [*(fill("steered", text=text) for text in said), prompt] if piece)

    def _text(self, steered: Steered) -> str:
        return str(self._recorder.blobs.value(steered.text))

    def _grading_seconds(self) -> float | None:
        """What is left, and a little more: the files at the end of the time are graded too."""
        left = self._follower.seconds_left()
        return None if left is None else max(left, 0.0) + _GRADING_GRACE_S

    def _end(self, reason: EndReason) -> RunEnded:
        state, refusal = self._recorder.state, self._gateway.refusal
        return RunEnded(
            timestamp=now(),
            reason=reason,
            total_parts=state.parts,
            total_turns=state.turns,
            final_git_commit=state.last_commit,
            solved_commit=state.last_commit if reason == "solved" else None,
            detail=self._detail(reason),
            refusal=refusal.kind if refusal is not None and reason == "infrastructure_error" else "",
        )

    def _detail(self, reason: EndReason) -> str:
        last = self._recorder.state.last_turn_ended
        if reason == "stopped":
            return str(self._stop.source)
        if reason == "infrastructure_error":
            return self._gateway.outage or (last.detail if last else "")
        if reason == "agent_error":
            failed = last is not None and last.outcome == "error"
            return (last.detail if last and failed else "") or "the agent yielded twice without calling a tool"
        if reason == "finished":
            how = f" ({last.detail})" if last and last.detail else ""
            return f"the agent yielded, and there are no tests{how}"
        if reason == "turn_limit" and last is not None and last.outcome == "limit":
            return last.detail
        return used_up(reason, self._recorder.state)
