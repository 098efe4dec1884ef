"""What the test loop must know of its trajectory's past; constant in size, folded from the journal."""

from __future__ import annotations

import time

from loopwright.record import Event, Noticed, PartAdded, Progress, RunEnded, TestsGraded, TurnEnded, TurnStarted
from loopwright.trajectory.tying import GradeTies

__all__ = ["SILENT", "RunState"]

SILENT = "agent_silent"
"""The notice that a turn was interrupted because nothing was heard of the agent."""


class RunState(Progress):
    """The live figures of a run, and what decides about its next turn.

    Attributes:
        turn_grade: The `turn_end` grade of the newest turn, once there is one.
        final_grade: The newest grade of all suites, hidden ones included.
        last_turn_ended: How the newest ended turn ended; None where the run itself has ended since.
        cut_short: Whether the run itself had ended, and its agent was not done: whoever goes on means it to go on.
        idle_turns: How many turns in a row, up to the newest ended one, called no tool.
        silent_turns: How many turns in a row, up to the newest ended one, were interrupted for silence.
        ties: The grades of this turn that no part has named yet.
    """

    def __init__(self) -> None:
        super().__init__()
        self.turn_grade: TestsGraded | None = None
        self.final_grade: TestsGraded | None = None
        self.last_turn_ended: TurnEnded | None = None
        self.cut_short = False
        self.idle_turns = 0
        self.silent_turns = 0
        self.ties = GradeTies()
        self._tools_in_turn = 0
        self._silent_in_turn = False
        self._live_since: float | None = None
        self._seconds_before = 0.0

    def apply(self, event: Event) -> None:
        """Take the next event into account."""
        super().apply(event)
        self.ties.apply(event)
        match event:
            case PartAdded():
                self._tools_in_turn += event.part_type in ("tool_call", "patch")
            case TestsGraded(cause="turn_end"):
                self.turn_grade = event
            case TestsGraded(cause="final"):
                self.final_grade = event
            case Noticed(code=code):
                self._silent_in_turn |= code == SILENT
            case TurnStarted() | TurnEnded():
                self._turn(event)
            case RunEnded():
                # Whoever goes on with a run that has ended means to: what ended it does not end it again.
                self.last_turn_ended, self.idle_turns = None, 0
                self.cut_short = event.reason != "finished"
            case _:
                pass

    def _turn(self, event: TurnStarted | TurnEnded) -> None:
        if isinstance(event, TurnStarted):
            self._tools_in_turn = 0
            self._silent_in_turn = False
            self.turn_grade = None
            return
        self.last_turn_ended = event
        self.idle_turns = 0 if self._tools_in_turn else self.idle_turns + 1
        self.silent_turns = self.silent_turns + 1 if self._silent_in_turn else 0

    def go_live(self) -> None:
        """This process works on the run from now on, so its time counts even between events."""
        self._live_since = time.monotonic()
        self._seconds_before = self.active_seconds

    @property
    def seconds(self) -> float:
        """Seconds of wall time during which a process worked on the run, up to this moment."""
        if self._live_since is None:
            return self.active_seconds
        return self._seconds_before + time.monotonic() - self._live_since
