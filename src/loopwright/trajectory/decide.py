"""Whether a run is over: pure functions of what is known."""

from __future__ import annotations

from collections.abc import Mapping

from loopwright.record import EndReason, Limits, TestsGraded

__all__ = ["limit_reached", "solves"]


def solves(grade: TestsGraded, expected: Mapping[str, int]) -> bool:
    """Whether this grade of one commit reports every expected suite in full, all passed."""
    if grade.status_code != 200 or not expected:
        return False
    for name, count in expected.items():
        suite = grade.suites.get(name)
        if suite is None or suite.error or not suite.passed == suite.total == suite.expected == count:
            return False
    return True


def limit_reached(limits: Limits, *, parts: int, turns: int, seconds: float) -> EndReason | None:
    """The limit that these counts have reached, if any; tokens and cost are the gateway's."""
    if limits.max_parts is not None and parts >= limits.max_parts:
        return "part_limit"
    if limits.max_turns is not None and turns >= limits.max_turns:
        return "turn_limit"
    if limits.max_seconds is not None and seconds >= limits.max_seconds:
        return "time_limit"
    return None
