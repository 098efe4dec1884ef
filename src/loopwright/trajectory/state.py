"""What the test loop must know of its trajectory's past; constant in size, folded from the journal."""

from __future__ import annotations

import time

from loopwright.record import Event, PartAdded, Progress, TestsGraded, TurnEnded, TurnStarted

__all__ = ["RunState"]


class RunState(Progress):
    """The live figures of a run, and what decides about its next turn.

    Attributes:
        turn_grade: The `turn_end` grade of the newest turn, once there is one.
        final_grade: The newest grade of all suites, hidden ones included.
        last_turn_ended: How the newest ended turn ended.
        idle_turns: How many turns in a row, up to the newest ended one, called no tool.
    """

    def __init__(self) -> None:
        super().__init__()
        self.turn_grade: TestsGraded | None = None
        self.final_grade: TestsGraded | None = None
        self.last_turn_ended: TurnEnded | None = None
        self.idle_turns = 0
        self._tools_in_turn = 0
        self._live_since: float | None = None
        self._seconds_before = 0.0

    def apply(self, event: Event) -> None:
        """Take the next event into account."""
        super().apply(event)
        match event:
            case PartAdded():
                self._tools_in_turn += event.part_type in ("tool_call", "patch")
            case TestsGraded(cause="turn_end"):
                self.turn_grade = event
            case TestsGraded(cause="final"):
                self.final_grade = event
            case TurnStarted():
                self._tools_in_turn = 0
                self.turn_grade = None
            case TurnEnded():
                self.last_turn_ended = event
                self.idle_turns = 0 if self._tools_in_turn else self.idle_turns + 1
            case _:
                pass

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
