"""What each test said in each grade, and what follows from it: curves, regressions, failing tests."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from loopwright.record import Payload, Trace, TraceGrade

__all__ = ["TestHistory", "category_of"]

_BROKEN = frozenset({"failed", "error", "timeout"})


def category_of(test_id: str, suite: str) -> str:
    """The second level of a test id: `smoke` for `basics/smoke/hello`, the suite where there is no such level."""
    rest = test_id.removeprefix(f"{suite}/")
    return rest.split("/", 1)[0] if "/" in rest else suite


def _whole(path: str, suite: str) -> bool:
    """Whether a grade of `path` ran all of `suite`."""
    return path in {"", suite} or suite.startswith(path.rstrip("/") + "/")


class TestHistory:
    """All results of a trace, by test and by grade, in the order of the grades."""

    __test__ = False

    def __init__(self, trace: Trace, results: Callable[[Payload], list[dict[str, Any]]]) -> None:
        self._trace = trace
        self._newest: dict[str, dict[str, Any]] = {}
        self._suite_of: dict[str, str] = {}
        self._statuses: list[dict[str, str]] = []
        self._curve: list[dict[str, int]] = []
        for grade in trace.grades:
            self._add(grade, results(grade.results))

    def _add(self, grade: TraceGrade, cases: list[dict[str, Any]]) -> None:
        self._statuses.append({case["id"]: case["status"] for case in cases})
        for case in cases:
            self._newest[case["id"]] = case
            self._suite_of[case["id"]] = case.get("suite") or case["id"].split("/", 1)[0]
        self._curve.append((self._curve[-1] if self._curve else {}) | self._counts(grade, cases))

    def _counts(self, grade: TraceGrade, cases: list[dict[str, Any]]) -> dict[str, int]:
        """Passed tests of the suites that this grade touched.

        A whole suite is what the grade says; of a suite that ran in part, each test counts by its newest result.
        """
        touched = {self._suite_of[case["id"]] for case in cases}
        known = dict.fromkeys(touched, 0)
        for test_id, case in self._newest.items():
            suite = self._suite_of[test_id]
            if suite in touched and case["status"] == "passed":
                known[suite] += 1
        if grade.status_code != 200:
            return known
        whole = {suite: n.passed for suite, n in grade.suites.items() if _whole(grade.path, suite)}
        return known | whole

    def passed_at(self, part: int) -> dict[str, int]:
        """Tests passed per suite after `part`; a suite that nobody has graded yet is missing."""
        index = bisect_right([grade.part for grade in self._trace.grades], part)
        return dict(self._curve[index - 1]) if index else {}

    def seen_suites(self) -> dict[str, int]:
        """The largest number of tests that any grade expected of each suite."""
        seen: dict[str, int] = {}
        for grade in self._trace.grades:
            for suite, count in grade.suites.items():
                seen[suite] = max(seen.get(suite, 0), count.expected, count.total)
        return seen

    def grade_of(self, commit: str) -> TraceGrade | None:
        """The widest grade of a commit, the newest of equals."""
        grades = [grade for grade in self._trace.grades if grade.commit == commit]
        return max(reversed(grades), key=lambda grade: grade.total, default=None)

    def rows(self) -> list[dict[str, Any]]:
        """One row a test, sorted by suite, category and id, with its status in every grade."""
        keys = sorted((suite, category_of(test, suite), test) for test, suite in self._suite_of.items())
        return [
            {"id": test, "suite": suite, "category": category, "statuses": [s.get(test) for s in self._statuses]}
            for suite, category, test in keys
        ]

    def failing(self) -> list[dict[str, Any]]:
        """The newest result of every test that does not pass, in the order of `rows`."""
        return [self._newest[test] for test in sorted(self._newest) if self._newest[test]["status"] in _BROKEN]

    def regressions(self) -> list[dict[str, Any]]:
        """Every time that a test which had passed stopped passing.

        `part` is where it was seen, `suspects` are the parts that changed files since it last passed, and
        `fixed_at_part` is where it passed again (None: never). Grades that the harness failed are not believed.
        """
        found: list[dict[str, Any]] = []
        passing: dict[str, TraceGrade] = {}
        broken: dict[str, dict[str, Any]] = {}
        for grade, statuses in zip(self._trace.grades, self._statuses, strict=True):
            if grade.status_code != 200:
                continue
            for test, status in statuses.items():
                if status == "passed":
                    passing[test] = grade
                    if test in broken:
                        broken.pop(test)["fixed_at_part"] = grade.part
                elif status in _BROKEN and test in passing:
                    broken[test] = self._regression(test, status, passing.pop(test), grade)
                    found.append(broken[test])
        return found

    def _regression(self, test: str, status: str, before: TraceGrade, now: TraceGrade) -> dict[str, Any]:
        return {
            "id": test,
            "suite": self._suite_of[test],
            "status": status,
            "part": now.part,
            "commit": now.commit,
            "grade_id": now.grade_id,
            "passed_at_part": before.part,
            "passed_commit": before.commit,
            "suspects": self._changes_between(before, now),
            "fixed_at_part": None,
        }

    def _changes_between(self, before: TraceGrade, now: TraceGrade) -> list[int]:
        """The parts with a checkpoint after the commit of `before` was made, up to that of `now`."""
        changed = [
            (part.part, part.git_commit)
            for part in self._trace.parts
            if part.repo_checkpoint is not None and part.repo_checkpoint.committed
        ]
        commits = [commit for _, commit in changed]
        parts = [part for part, _ in changed]

        def end_of(grade: TraceGrade) -> int:
            return commits.index(grade.commit) + 1 if grade.commit in commits else bisect_right(parts, grade.part)

        return parts[end_of(before) : end_of(now)]
