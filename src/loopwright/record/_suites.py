"""What the grades so far say: which suites are solved now, and at which commit all of them were."""

from __future__ import annotations

from loopwright.record.events import SuiteCount, TestsGraded
from loopwright.record.trace import TestingState

__all__ = ["SuiteBook"]


class SuiteBook:
    """Counts per suite, newest full grade first in rank; `expected` maps each suite to its full number of tests.

    A grade is full for a suite where it asked for the whole suite. A grade of single tests never solves a suite, but
    a failure in one takes the solved mark away until the next full grade.
    """

    def __init__(self, expected: dict[str, int]) -> None:
        self.expected = expected
        self.state = TestingState(total_paths=len(expected))
        self._counts: dict[str, SuiteCount] = {}
        self._solved: set[str] = set()
        self._solved_at: dict[str, set[str]] = {}

    def apply(self, grade: TestsGraded) -> None:
        """Take a grade into account."""
        at_commit = self._solved_at.setdefault(grade.commit, set())
        for suite, count in grade.suites.items():
            if _asks_for_all(grade.path, suite):
                self._counts[suite] = count
                _mark(suite, self._is_solved(suite, count), self._solved, at_commit)
            elif count.failed or count.error:
                _mark(suite, False, self._solved, at_commit)
        self.state = self._new_state(grade)

    @property
    def solved_commits(self) -> list[str]:
        """The commits at which every expected suite is solved, first graded first."""
        if not self.expected:
            return []
        return [commit for commit, solved in self._solved_at.items() if solved >= self.expected.keys()]

    def _is_solved(self, suite: str, count: SuiteCount) -> bool:
        full = max(self.expected.get(suite, 0), count.expected)
        clean = not count.failed and not count.error
        return clean and full > 0 and count.passed == count.total == full

    def _new_state(self, grade: TestsGraded) -> TestingState:
        return TestingState(
            solved_paths=tuple(suite for suite in self.expected if suite in self._solved),
            total_paths=len(self.expected),
            latest_path=grade.path,
            latest_passed=grade.passed,
            latest_total=grade.total,
            latest_status_code=grade.status_code,
            latest_error=grade.error or None,
            suites=dict(self._counts),
        )


def _asks_for_all(path: str, suite: str) -> bool:
    return path in ("", suite) or suite.startswith(path.rstrip("/") + "/")


def _mark(suite: str, solved: bool, *books: set[str]) -> None:
    for book in books:
        (book.add if solved else book.discard)(suite)
