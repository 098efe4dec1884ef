"""Grading during a run: for the agent when it asks, and for us when a turn has ended."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import anyio

from loopwright.agents import TestReply
from loopwright.harness import CaseResult, Grade, Grader, short_answer
from loopwright.record import GradeCause, TestsGraded
from loopwright.trajectory.clock import now
from loopwright.trajectory.recorder import Recorder

__all__ = ["GradeDesk"]


_NO_TESTS = "This task has no tests. Check your work by yourself, and say so when you are done."


class GradeDesk:
    """Grades checkpoints, one at a time, and records each grade before anybody hears of it."""

    def __init__(self, grader: Grader, repo: Path, recorder: Recorder) -> None:
        self._grader = grader
        self._repo = repo
        self._recorder = recorder
        self._one_at_a_time = anyio.Lock()
        self._waiting = 0

    @property
    def busy(self) -> bool:
        """Whether tests run for the agent now, or wait for others to end."""
        return self._waiting > 0

    async def run_tests(self, test_path: str, call_id: str) -> TestReply:
        """The agent's `run_tests`: commit the files as they are, grade the commit, answer in short."""
        if not self._grader.task.suites:
            return TestReply(_NO_TESTS, "", ok=False)
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                event, grade = await self._asked(test_path, call_id)
        finally:
            self._waiting -= 1
        return TestReply(
            short_answer(grade), event.grade_id, ok=grade.status_code == 200, passed=grade.passed, total=grade.total
        )

    async def _asked(self, test_path: str, call_id: str) -> tuple[TestsGraded, Grade]:
        commit, tree = self._recorder.commit_now()
        grade = await self._grader.grade(self._repo, commit, test_path)
        return self._record(grade, tree, "agent", self._grade_id(call_id), call_id), grade

    def _grade_id(self, call_id: str) -> str:
        """The same for the same call done again after a crash; calls of one part without ids are counted."""
        base = f"call:{self._recorder.state.parts}:{call_id}"
        if call_id:
            return base
        taken = self._recorder.state.ties.known
        return next(name for number in count(1) if (name := f"{base}{number}") not in taken)

    async def evaluate(self, cause: GradeCause) -> TestsGraded:
        """Grade every suite that the agent may see (`turn_end`), or all there are (`final`)."""
        async with self._one_at_a_time:
            self._recorder.settle()
            commit, tree = self._recorder.checkpoints.head, self._recorder.checkpoints.tree
            grade = await self._grader.grade(self._repo, commit, "", include_hidden=cause == "final")
            return self._record(grade, tree, cause, f"{cause}:{self._recorder.state.turns}", "")

    def _record(self, grade: Grade, tree: str, cause: GradeCause, grade_id: str, call_id: str) -> TestsGraded:
        state = self._recorder.state
        event = TestsGraded(
            grade_id=grade_id,
            cause=cause,
            turn=state.turns,
            part=state.parts,
            timestamp=now(),
            commit=grade.commit,
            tree=tree,
            path=grade.path,
            status_code=grade.status_code,
            error=grade.error,
            passed=grade.passed,
            failed=grade.failed,
            total=grade.total,
            duration_ms=grade.duration_ms,
            suites=grade.suites,
            results=self._recorder.blobs.payload([_plain(case) for case in grade.cases]),
            cached=grade.cached,
            call_id=call_id,
        )
        self._recorder.emit(event)
        return event


def _plain(case: CaseResult) -> dict[str, str | int]:
    return {name: getattr(case, name) for name in case.__struct_fields__ if getattr(case, name) != ""}
