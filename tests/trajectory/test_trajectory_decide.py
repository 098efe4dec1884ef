from __future__ import annotations

import pytest

from loopwright.record import EndReason, Limits, Payload, Progress, SuiteCount, TestsGraded, Usage
from loopwright.trajectory.decide import limit_reached, solves, used_up
from loopwright.trajectory.feedback import follow_up


def _grade(status: int = 200, **suites: SuiteCount) -> TestsGraded:
    return _graded(suites, status)


def _graded(suites: dict[str, SuiteCount], status: int = 200, error: str = "") -> TestsGraded:
    return TestsGraded(
        grade_id="g",
        cause="turn_end",
        turn=1,
        part=1,
        timestamp="",
        commit="c",
        tree="t",
        path="",
        status_code=status,
        error=error,
        passed=0,
        failed=0,
        total=0,
        duration_ms=1,
        suites=suites,
        results=Payload(value=[]),
    )


_FULL = SuiteCount(passed=3, failed=0, total=3, expected=3)


def test_only_a_full_count_all_passed_solves() -> None:
    assert solves(_grade(a=_FULL), {"a": 3})


@pytest.mark.parametrize(
    "grade",
    [
        _grade(),
        _grade(status=500, a=_FULL),
        _grade(a=SuiteCount(passed=2, failed=1, total=3, expected=3)),
        _grade(a=SuiteCount(passed=2, failed=0, total=2, expected=3)),
        _grade(a=SuiteCount(passed=0, failed=0, total=0, expected=0)),
        _grade(a=SuiteCount(passed=3, failed=0, total=3, expected=3, error="it raised")),
        _grade(b=_FULL),
    ],
)
def test_anything_less_does_not_solve(grade: TestsGraded) -> None:
    assert not solves(grade, {"a": 3})


def test_a_task_without_tests_is_never_solved() -> None:
    assert not solves(_grade(), {})


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(), None),
        (Limits(max_parts=10), "part_limit"),
        (Limits(max_parts=11), None),
        (Limits(max_turns=2), "turn_limit"),
        (Limits(max_seconds=5), "time_limit"),
    ],
)
def test_limits_end_a_run_when_they_are_reached(limits: Limits, reason: str | None) -> None:
    assert limit_reached(limits, parts=10, turns=2, seconds=5.0) == reason


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("part_limit", "1,200 of 1,000 parts used"),
        ("turn_limit", "2 of 2 turns used"),
        ("token_limit", "3,000 of 2,000 tokens used"),
        ("cost_limit", "$0.1200 of $0.1000 used"),
        ("time_limit", "all of 90 s used"),
        ("solved", ""),
    ],
)
def test_an_end_by_a_limit_says_how_much_was_used(reason: EndReason, words: str) -> None:
    progress = Progress()
    progress.limits = Limits(max_parts=1000, max_turns=2, max_tokens=2000, max_cost=0.1, max_seconds=90)
    progress.parts, progress.turns, progress.usage, progress.cost = 1200, 2, Usage(3000), 0.12
    assert used_up(reason, progress) == words
    progress.cost, progress.limits = None, Limits()
    assert used_up(reason, progress) == ""


def test_the_next_prompt_names_what_fails_and_nothing_hidden() -> None:
    results = [
        {"id": "a/one", "suite": "a", "status": "failed", "message": "expected 1\nbut 2"},
        {"id": "a/two", "suite": "a", "status": "passed"},
        {"id": "secret/three", "suite": "secret", "status": "failed", "message": "hidden"},
    ]
    suites = {"a": SuiteCount(passed=1, failed=1, total=2, expected=2), "secret": _FULL}
    text = follow_up(_graded(suites), results, ("a",))
    assert "a: 1 of 2 tests pass" in text
    assert "a/one: expected 1" in text
    assert "secret" not in text
    assert "a/two" not in text


def test_the_next_prompt_says_that_the_build_failed() -> None:
    assert "no such compiler" in follow_up(_graded({}, 500, "no such compiler"), [], ("a",))
