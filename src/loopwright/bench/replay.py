"""Grading every distinct checkpoint of a trajectory again, from its trace and bundle alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from loopwright.base import UsageError
from loopwright.bench.sources import Recorded
from loopwright.checkpoint import tree_of
from loopwright.harness import Grade, Grader
from loopwright.record import SuiteCount, Trace

__all__ = ["CommitResult", "Replay", "ReplayReport"]


class CommitResult(Struct, frozen=True):
    """One checkpoint, graded again. `path_results` is by suite, `failed_tests` are ids.

    `recorded` is how many recorded grades there are of these files; `disagrees` names the suites or paths whose
    counts were others then.
    """

    commit: str
    first_part: int
    duration_ms: int
    passed: int
    failed: int
    total: int
    path_results: dict[str, SuiteCount]
    failed_tests: tuple[str, ...]
    error: str = ""
    cached: bool = False
    recorded: int = 0
    disagrees: tuple[str, ...] = ()


class ReplayReport(Struct, frozen=True):
    """The seed's report, with what the run itself had recorded beside it."""

    trajectory_id: str
    session_id: str
    generated_at: str
    input: dict[str, Any]
    commits_evaluated: int
    commit_evaluations: dict[str, CommitResult]
    part_to_commit: dict[int, str]
    part_evaluations: list[dict[str, Any]]


class Replay:
    """Grades the checkpoints of a recorded trajectory, one after the other.

    Args:
        recorded: What to grade.
        grader: Of the task that the trajectory was about; its cache makes a second replay quick, and one that was
            interrupted go on where it was.
        paths: Test paths; empty means every visible suite.
    """

    def __init__(self, recorded: Recorded, grader: Grader, paths: Sequence[str] = ()) -> None:
        self._recorded = recorded
        self._grader = grader
        self._paths = tuple(paths) or ("",)

    def commits(self, part: int | None = None) -> list[tuple[int, str]]:
        """Each distinct checkpoint with the first part that has it: part 0 is the starting files.

        Two commits with the same files are one. With `part`, only the checkpoint of that part.

        Raises:
            UsageError: There is no such part.
        """
        trace = self._recorded.trace
        if part is not None:
            if not 0 <= part <= len(trace.parts):
                raise UsageError(
                    f"The run {trace.trajectory_id} has no part {part}.", remedy=f"Its last part is {len(trace.parts)}."
                )
            return [(part, _commit_of(trace, part))]
        seen: set[str] = set()
        found: list[tuple[int, str]] = []
        for number in range(len(trace.parts) + 1):
            tree = tree_of(self._recorded.repo, commit) if (commit := _commit_of(trace, number)) else ""
            if tree not in seen:
                seen.add(tree)
                found.append((number, commit))
        return found

    async def run(self, on_commit: Callable[[CommitResult], None], part: int | None = None) -> ReplayReport:
        """Grade; `on_commit` hears of each checkpoint as soon as it is graded."""
        results: dict[str, CommitResult] = {}
        for number, commit in self.commits(part):
            result = await self._one(number, commit)
            results[commit] = result
            on_commit(result)
        return self._report(results)

    async def _one(self, part: int, commit: str) -> CommitResult:
        grades = [await self._grader.grade(self._recorded.repo, commit, path) for path in self._paths]
        for grade in grades:
            if grade.status_code == 400:
                raise UsageError(grade.error, where="--test-path")
        suites = {path or name: count for path, grade in self._named(grades) for name, count in grade.suites.items()}
        recorded, disagrees = self._compare(grades)
        return CommitResult(
            commit=commit,
            first_part=part,
            duration_ms=sum(grade.duration_ms for grade in grades),
            passed=sum(grade.passed for grade in grades),
            failed=sum(grade.failed for grade in grades),
            total=sum(grade.total for grade in grades),
            path_results=suites,
            failed_tests=tuple(
                case.id for grade in grades for case in grade.cases if case.status not in ("passed", "skipped")
            ),
            error="; ".join(grade.error for grade in grades if grade.error),
            cached=all(grade.cached for grade in grades),
            recorded=recorded,
            disagrees=disagrees,
        )

    def _named(self, grades: list[Grade]) -> list[tuple[str, Grade]]:
        return list(zip(self._paths, grades, strict=True))

    def _compare(self, grades: list[Grade]) -> tuple[int, tuple[str, ...]]:
        """How many grades of these files and paths the run recorded, and where the counts differ."""
        count, differ = 0, []
        for path, grade in self._named(grades):
            for old in self._recorded.trace.grades:
                if old.tree == grade.tree and old.path == path and old.status_code == 200 and old.cause != "final":
                    count += 1
                    if (old.passed, old.total) != (grade.passed, grade.total):
                        differ.append(
                            f"{path or 'all'}: {old.passed}/{old.total} then, {grade.passed}/{grade.total} now"
                        )
        return count, tuple(differ)

    def _report(self, results: dict[str, CommitResult]) -> ReplayReport:
        trace = self._recorded.trace
        by_tree = {tree_of(self._recorded.repo, commit): commit for commit in results}
        of_part = {
            number: by_tree[tree]
            for number in range(1, len(trace.parts) + 1)
            if (tree := tree_of(self._recorded.repo, _commit_of(trace, number))) in by_tree
        }
        return ReplayReport(
            trajectory_id=trace.trajectory_id,
            session_id=trace.session_id,
            generated_at=datetime.now(UTC).isoformat(timespec="seconds"),
            input={
                "origin": self._recorded.origin,
                "paths": list(self._paths),
                "task_digest": self._grader.task.digest,
            },
            commits_evaluated=len(results),
            commit_evaluations=results,
            part_to_commit=of_part,
            part_evaluations=[
                {"part": number, "commit": commit, "passed": results[commit].passed, "total": results[commit].total}
                for number, commit in of_part.items()
            ],
        )


def _commit_of(trace: Trace, part: int) -> str:
    return trace.initial_commit if part == 0 else trace.parts[part - 1].git_commit
