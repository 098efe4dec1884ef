"""Whether a run is over: pure functions of what is known."""

from __future__ import annotations

from collections.abc import Mapping

from loopwright.record import EndReason, Limits, Progress, TestsGraded

__all__ = ["limit_reached", "solves", "used_up"]


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


def used_up(reason: EndReason, progress: Progress) -> str:
    """What a limit allowed and what was used, for a person; "" where the run did not end for a limit that can be told.

    Nothing of it depends on the clock, so that a run that was resumed ends as one that was not.
    """
    limits, cost = progress.limits, progress.cost
    known: dict[str, tuple[str, object]] = {
        "part_limit": (f"{progress.parts:,}", limits.max_parts and f"{limits.max_parts:,} parts"),
        "turn_limit": (f"{progress.turns:,}", limits.max_turns and f"{limits.max_turns:,} turns"),
        "token_limit": (f"{progress.usage.total:,}", limits.max_tokens and f"{limits.max_tokens:,} tokens"),
        "cost_limit": ("an unknown part" if cost is None else f"${cost:.4f}", _dollars(limits.max_cost)),
        "time_limit": ("all", limits.max_seconds and f"{limits.max_seconds:,.0f} s"),
    }
    used, most = known.get(reason, ("", None))
    return f"{used} of {most} used" if most else ""


def _dollars(amount: float | None) -> str | None:
    return None if amount is None else f"${amount:.4f}"
