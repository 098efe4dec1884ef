"""From events to the trajectory that readers see."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from loopwright.base import MachineError
from loopwright.record._merging import with_checkpoint
from loopwright.record._rows import grade_row, part_row, session_row, turn_row
from loopwright.record.events import (
    AgentSession,
    CheckpointTaken,
    Event,
    LimitsChanged,
    ModelCalled,
    Noticed,
    PartAdded,
    RunEnded,
    RunStarted,
    Steered,
    TestsGraded,
    TurnEnded,
    TurnStarted,
)
from loopwright.record.progress import Progress
from loopwright.record.trace import TestingState, Trace, TracePart, TraceSession, TraceTurn

__all__ = ["Fold", "fold"]


def fold(events: Iterable[Event]) -> Trace:
    """The trajectory that a journal's events describe.

    Raises:
        MachineError: There is no `run_started` among them.
    """
    state = Fold()
    for event in events:
        state.apply(event)
    return state.trace()


class Fold(Progress):
    """`Progress`, and everything that a `Trace` holds. Memory grows with the parts; `Progress` alone does not.

    A part's `git_commit` is its own checkpoint or the last one before it; a checkpoint that was taken between two parts
    is the first one's. Its `testing_state` is what the grades that
    came before it say; the grades of a turn's end and of the session's end count for the last part before them. Two
    grades of one id (a tool call was executed again after a crash) are one: the last. A call id alone does not tell
    calls apart: some models give the same one again in every reply.
    """

    def __init__(self) -> None:
        super().__init__()
        self._added: list[PartAdded] = []
        self._commits: list[str] = []
        self._states: list[TestingState] = []
        self._turns: list[TraceTurn] = []
        self._grades: dict[str, TestsGraded] = {}
        self._calls: list[ModelCalled] = []
        self._notices: list[Noticed] = []
        self._steering: list[Steered] = []
        self._limit_changes: list[LimitsChanged] = []
        self._sessions: list[TraceSession] = []
        self._trees: dict[str, str] = {}

    @property
    def grades(self) -> tuple[TestsGraded, ...]:
        """The grades that count, in order."""
        return tuple(self._grades.values())

    @property
    def checkpoints(self) -> dict[str, str]:
        """The tree of every commit that the journal names, the initial one included."""
        first = {self.started.initial_commit: self.started.initial_tree} if self.started else {}
        return first | self._trees

    @property
    def checkpoint_parts(self) -> list[int]:
        """The parts that have a checkpoint of their own."""
        return [event.part for event in self._added if event.checkpoint is not None]

    @property
    def part_commits(self) -> list[str]:
        """The commit of each part, from part 1."""
        return list(self._commits)

    def apply(self, event: Event) -> None:
        """Take the next event into account."""
        super().apply(event)
        match event:
            case PartAdded():
                self._added.append(event)
                self._commits.append(self.last_commit)
                self._states.append(self.testing)
                self._trees[self.last_commit] = self.last_tree
            case TestsGraded():
                self._grade(event)
            case TurnStarted():
                self._turns.append(turn_row(event, self.last_commit))
            case TurnEnded() | RunEnded():
                self._end_turn(event)
            case ModelCalled():
                self._calls.append(event)
            case Noticed():
                self._notices.append(event)
            case _:
                self._beside(event)

    def _beside(self, event: Event) -> None:
        match event:
            case CheckpointTaken():
                self._trees[self.last_commit] = self.last_tree
                if self._added:
                    self._added[-1] = with_checkpoint(self._added[-1], event)
                    self._commits[-1] = self.last_commit
            case Steered():
                self._steering.append(event)
            case LimitsChanged():
                self._limit_changes.append(event)
            case AgentSession():
                self._sessions.append(session_row(event))
            case _:
                pass

    def trace(self) -> Trace:
        """The trajectory as of the last event.

        Raises:
            MachineError: No `run_started` was among the events.
        """
        start = self.started
        if start is None:
            raise MachineError("The journal does not say what was run; the run died before it began.")
        return Trace(
            schema_version=start.schema_version,
            trajectory_id=start.trajectory_id,
            session_id=start.session_id,
            agent=start.agent,
            agent_model=start.agent_model,
            started_at=start.started_at,
            parts=self._trace_parts(start),
            turns=self._trace_turns(),
            artifacts=start.artifacts,
            session_end=self.ended,
            agent_version=start.agent_version,
            model=start.model,
            scripted=start.scripted,
            task=start.task,
            task_path=start.task_path,
            task_digest=start.task_digest,
            instruction=start.instruction,
            sandbox=start.sandbox,
            isolation=start.isolation,
            limits=self.limits,
            suites=start.suites,
            initial_commit=start.initial_commit,
            parent=start.parent,
            parent_part=start.parent_part,
            grades=tuple(grade_row(grade) for grade in self._grades.values()),
            model_calls=tuple(self._calls),
            notices=tuple(self._notices),
            steering=tuple(self._steering),
            limit_changes=tuple(self._limit_changes),
            agent_sessions=tuple(self._sessions),
            totals=self.totals,
            resumed_after=tuple(self.resumed_after),
            environment=start.environment,
            options=start.options,
        )

    def _grade(self, event: TestsGraded) -> None:
        self._grades.pop(event.grade_id, None)
        self._grades[event.grade_id] = event
        if event.cause != "agent" and self._states:
            self._states[-1] = self.testing

    def _end_turn(self, event: TurnEnded | RunEnded) -> None:
        if not self._turns or self._turns[-1].outcome is not None:
            return
        if isinstance(event, TurnEnded):
            ended = structs.replace(
                self._turns[-1],
                part_end=event.part_end,
                outcome=event.outcome,
                detail=event.detail,
                git_commit=self.last_commit,
            )
        else:
            ended = structs.replace(self._turns[-1], part_end=self.parts, git_commit=self.last_commit)
        self._turns[-1] = ended

    def _trace_turns(self) -> tuple[TraceTurn, ...]:
        if self.open_turn is None or not self._turns:
            return tuple(self._turns)
        return (*self._turns[:-1], structs.replace(self._turns[-1], git_commit=self.last_commit))

    def _trace_parts(self, start: RunStarted) -> tuple[TracePart, ...]:
        rows = zip(self._added, self._commits, self._states, strict=True)
        return tuple(part_row(start, event, commit, state, self._grades) for event, commit, state in rows)
