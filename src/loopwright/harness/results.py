"""What a grade is: one result per test, counts per suite, and the doubt about both."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from loopwright.record.events import SuiteCount

__all__ = ["CaseResult", "Grade", "Status"]

Status = Literal["passed", "failed", "error", "timeout", "skipped"]


class CaseResult(Struct, frozen=True, omit_defaults=True):
    """One test. `id` is `suite/rest`; `expected`, `actual`, `input` are capped text for people and agents."""

    id: str
    suite: str
    status: Status
    duration_ms: int
    message: str = ""
    expected: str = ""
    actual: str = ""
    input: str = ""


class Grade(Struct, frozen=True):
    """The grade of one commit on one test path ("" is everything that the caller may see).

    `status_code`: 200 the tests ran to the end; 400 the path names no test; 500 the harness failed.
    `build` is the output of a failed `setup`, in which case every test is an `error`.
    """

    commit: str
    tree: str
    path: str
    status_code: int
    error: str
    cases: tuple[CaseResult, ...]
    suites: dict[str, SuiteCount]
    duration_ms: int
    cached: bool = False
    build: str = ""

    @property
    def passed(self) -> int:
        """Number of passed tests."""
        return sum(suite.passed for suite in self.suites.values())

    @property
    def failed(self) -> int:
        """Number of tests that did not pass (skipped ones count as neither)."""
        return sum(suite.failed for suite in self.suites.values())

    @property
    def total(self) -> int:
        """Number of tests that were to run."""
        return sum(suite.total for suite in self.suites.values())
