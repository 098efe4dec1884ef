"""From results of tests to a grade: nothing missing, nothing twice, and counts that add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopwright.harness._listing import Declared
from loopwright.harness.results import CaseResult
from loopwright.record.events import SuiteCount

__all__ = ["complete", "count_suites"]


def complete(selected: Sequence[Declared], results: Mapping[str, CaseResult], reason: str) -> tuple[CaseResult, ...]:
    """One result for each selected test, in order; a test without one is an `error` with `reason`."""
    return tuple(
        results.get(test.id) or CaseResult(test.id, test.suite, "error", 0, message=reason) for test in selected
    )


def count_suites(
    cases: Sequence[CaseResult], expected: Mapping[str, int], unreported: frozenset[str], reason: str
) -> dict[str, SuiteCount]:
    """Counts of every suite that has a case, in the order of the cases.

    A suite of which some test is in `unreported` has `reason` as its error, so that it is never taken for whole.
    """
    by_suite: dict[str, list[CaseResult]] = {}
    for case in cases:
        by_suite.setdefault(case.suite, []).append(case)
    return {
        suite: SuiteCount(
            passed=sum(case.status == "passed" for case in own),
            failed=sum(case.status not in ("passed", "skipped") for case in own),
            total=len(own),
            expected=expected[suite],
            error=reason if any(case.id in unreported for case in own) else "",
        )
        for suite, own in by_suite.items()
    }
