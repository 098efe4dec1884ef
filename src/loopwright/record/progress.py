"""What a run has come to so far, event by event, in memory that does not grow with the number of parts."""

from __future__ import annotations

from datetime import datetime

from loopwright.record._merging import with_checkpoint
from loopwright.record._suites import SuiteBook
from loopwright.record.events import (
    AgentSession,
    CheckpointTaken,
    Event,
    Limits,
    LimitsChanged,
    ModelCalled,
    PartAdded,
    RunEnded,
    RunResumed,
    RunStarted,
    ScriptPosition,
    Steered,
    StopRequested,
    TestsGraded,
    TurnEnded,
    TurnStarted,
    Usage,
)
from loopwright.record.trace import SessionEnd, TestingState, Totals

__all__ = ["Progress"]


class Progress:
    """The live figures of a run; feed it every event in order.

    Attributes:
        started: The first event, or None before it.
        parts: Number of the last part; 0 before the first.
        turns: Number of the last turn that was started.
        open_turn: The turn that was started and has not ended, or None.
        last_commit, last_tree: The workspace as of the last checkpoint, at first the initial commit.
        last_part: The last part's event, or None.
        limits: As started, or as changed by a resume or while it went on.
        model_calls: How many calls went through the gateway.
        usage: Their tokens.
        cost: Their cost in US dollars; None as soon as one of them has no known price.
        waited_seconds: How long they waited for rate limits and outages, in sum.
        script_positions: Per conversation, where a scripted model stood last.
        ended: The session end, or None while the trajectory is open (a resume reopens it).
        stop_requested: Somebody asked this process segment to end.
        resumed_after: The last part before each resume.
        active_seconds: Time worked on, without the gaps between processes.
        session: The newest record of the agent's own memory, or None.
        steering_due: What people said that no prompt has passed on to the agent yet, nor, where it was told in the
            middle of a turn, any request of that turn to its model.
    """

    def __init__(self) -> None:
        self.started: RunStarted | None = None
        self.parts = 0
        self.turns = 0
        self.open_turn: TurnStarted | None = None
        self.last_commit = ""
        self.last_tree = ""
        self.last_part: PartAdded | None = None
        self.limits = Limits()
        self.model_calls = 0
        self.usage = Usage()
        self.cost: float | None = 0.0
        self.waited_seconds = 0.0
        self.script_positions: dict[str, ScriptPosition] = {}
        self.ended: SessionEnd | None = None
        self.stop_requested = False
        self.resumed_after: list[int] = []
        self.active_seconds = 0.0
        self.session: AgentSession | None = None
        self.steering_due: list[Steered] = []
        self._unheard: list[Steered] = []
        self._suites = SuiteBook({})
        self._latest: datetime | None = None

    @property
    def testing(self) -> TestingState:
        """What the tests say now."""
        return self._suites.state

    @property
    def solved_commit(self) -> str | None:
        """The first commit at which every expected suite reported its full count, all passed; or None."""
        commits = self._suites.solved_commits
        return commits[0] if commits else None

    @property
    def totals(self) -> Totals:
        """The sums over all model calls."""
        waited = round(self.waited_seconds, 3)
        return Totals(self.model_calls, self.usage, self.cost, round(self.active_seconds, 3), waited)

    def apply(self, event: Event) -> None:
        """Take the next event into account."""
        self._clock(event)
        match event:
            case PartAdded():
                self._part(event)
            case ModelCalled():
                self._call(event)
            case TestsGraded():
                self._suites.apply(event)
            case TurnStarted():
                self.turns = event.turn
                self.open_turn = event
                self.steering_due = []
            case TurnEnded():
                self.open_turn = None
                self.steering_due += self._unheard
                self._unheard = []
            case RunStarted() | RunResumed() | RunEnded():
                self._segment(event)
            case _:
                self._between(event)

    def _between(self, event: Event) -> None:
        match event:
            case CheckpointTaken():
                self._taken(event)
            case AgentSession():
                self.session = event
            case Steered():
                (self.steering_due if event.delivered == "next_turn" else self._unheard).append(event)
            case LimitsChanged():
                self.limits = event.limits
            case StopRequested():
                self.stop_requested = True
            case _:
                pass

    def _segment(self, event: RunStarted | RunResumed | RunEnded) -> None:
        match event:
            case RunStarted():
                self.started = event
                self.limits = event.limits
                self.last_commit, self.last_tree = event.initial_commit, event.initial_tree
                self._suites = SuiteBook(event.suites)
            case RunResumed():
                self.ended = None
                self.stop_requested = False
                self.limits = event.limits or self.limits
                self.resumed_after.append(event.after_part)
            case RunEnded():
                self.ended = SessionEnd(
                    reason=event.reason,
                    total_parts=event.total_parts,
                    total_turns=event.total_turns,
                    final_git_commit=event.final_git_commit,
                    timestamp=event.timestamp,
                    solved_commit=event.solved_commit,
                    detail=event.detail,
                )

    def _part(self, event: PartAdded) -> None:
        self.parts = event.part
        self.last_part = event
        if event.checkpoint is not None:
            self.last_commit = event.checkpoint.commit_after
            self.last_tree = event.checkpoint.tree

    def _taken(self, event: CheckpointTaken) -> None:
        self.last_commit = event.checkpoint.commit_after
        self.last_tree = event.checkpoint.tree
        if self.last_part is not None:
            self.last_part = with_checkpoint(self.last_part, event)

    def _call(self, event: ModelCalled) -> None:
        self.model_calls += 1
        if not event.error and event.purpose in ("", "turn"):
            # What was said after the request was sent is not in it.
            self._unheard = [said for said in self._unheard if said.timestamp > event.timestamp]
        self.waited_seconds += event.waited_ms / 1000
        self.usage = _add(self.usage, event.usage)
        self.cost = None if self.cost is None or event.cost is None else self.cost + event.cost
        if event.script is not None:
            self.script_positions[event.script.conversation] = event.script

    def _clock(self, event: Event) -> None:
        # The highest time so far, since an item may be stamped with its beginning; a new process starts a new count.
        at = datetime.fromisoformat(event.started_at if isinstance(event, RunStarted) else event.timestamp)
        if self._latest is None or isinstance(event, RunResumed):
            self._latest = at
        elif at > self._latest:
            self.active_seconds += (at - self._latest).total_seconds()
            self._latest = at


def _add(left: Usage, right: Usage) -> Usage:
    return Usage(
        input_tokens=left.input_tokens + right.input_tokens,
        output_tokens=left.output_tokens + right.output_tokens,
        cache_read_tokens=left.cache_read_tokens + right.cache_read_tokens,
        cache_write_tokens=left.cache_write_tokens + right.cache_write_tokens,
        reasoning_tokens=left.reasoning_tokens + right.reasoning_tokens,
    )
