"""The prompt of a turn after the first: what fails, and nothing that the agent may not know."""

from __future__ import annotations

from typing import Any

from loopwright.base import clip
from loopwright.record import TestsGraded
from loopwright.trajectory.prompts import fill

__all__ = ["follow_up"]

_NAMED = 10


def follow_up(grade: TestsGraded, results: list[dict[str, Any]], visible: tuple[str, ...]) -> str:
    """The next prompt, from the newest grade; equal grades give equal prompts."""
    if grade.status_code != 200:
        return fill("no_build", build=clip(grade.error or "the tests did not run", 2000))
    suites = "\n".join(
        f"- {name}: {suite.passed} of {suite.expected} tests pass"
        for name, suite in grade.suites.items()
        if name in visible
    )
    failed = [case for case in results if case["status"] != "passed" and case["suite"] in visible]
    return fill("follow_up", suites=suites, failing=_failing(failed))


def _failing(failed: list[dict[str, Any]]) -> str:
    if not failed:
        return "Every test that you can see passes; tests that you cannot see do not all pass."
    lines = [
        f"- {case['id']}: {clip(str(case.get('message', '')).splitlines()[0], 200)}"
        for case in failed
        if case.get("message")
    ]
    lines += [f"- {case['id']}" for case in failed if not case.get("message")]
    more = len(failed) - _NAMED
    return "\n".join(["Failing:", *lines[:_NAMED], *([f"... and {more} more"] if more > 0 else [])])
