"""What a view that follows a run must remember between events; the same for every kind of view."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from loopwright.record import (
    Event,
    Limits,
    PartAdded,
    Progress,
    RunStarted,
    SuiteCount,
    TestsGraded,
    ToolUse,
)
from loopwright.view._changes import change_words, line_counts

__all__ = ["Clock", "Following", "GradeTrend", "time_of", "utc_now"]

Clock = Callable[[], datetime]
_MAX_CALLS = 64


def utc_now() -> datetime:
    """The wall clock in UTC."""
    return datetime.now(UTC)


def time_of(event: Event) -> datetime:
    """When an event happened."""
    return datetime.fromisoformat(event.started_at if isinstance(event, RunStarted) else event.timestamp)


class Following:
    """The state of a run as of the last event.

    Args:
        limits: Limits to measure the time left by; those that the events tell where None.
        clock: The time now, for the time since the last event.
    """

    def __init__(self, limits: Limits | None = None, clock: Clock = utc_now) -> None:
        self.progress = Progress()
        self._limits = limits
        self._clock = clock
        self._seq = -1
        self._last: datetime | None = None
        self._calls: dict[str, ToolUse] = {}
        self._callers: dict[str, tuple[int, int]] = {}

    @property
    def limits(self) -> Limits:
        """The limits in force."""
        return self._limits or self.progress.limits

    def apply(self, seq: int, event: Event) -> bool:
        """Take an event in; False where it was seen already (a view may be fed an overlap after reconnecting)."""
        if seq <= self._seq:
            return False
        self._seq = seq
        self._last = time_of(event)
        self.progress.apply(event)
        if isinstance(event, PartAdded) and event.tool and event.part_type == "tool_call":
            self._callers[event.tool.call_id] = (event.part, self.depth(event))
            self._calls[event.tool.call_id] = event.tool
            # Calls without a result must not pile up.
            while len(self._calls) > _MAX_CALLS:
                del self._calls[next(iter(self._calls))]
        return True

    def caller(self, part: PartAdded) -> str:
        """The part that called the sub-agent which did this; the call's id where no part of it is known."""
        known = self._callers.get(part.parent or "")
        return str(known[0]) if known else part.parent or ""

    def depth(self, part: PartAdded) -> int:
        """How many sub-agents stand between the agent and this part."""
        return 0 if part.parent is None else self._callers.get(part.parent, (0, 0))[1] + 1

    def change_words(self, part: PartAdded, most: int | None = None) -> list[str]:
        """What a part did to each file, at most the first `most`; the call that it is the result of tells the lines."""
        tool = part.tool
        if tool is not None and tool.arguments is None:
            tool = self._calls.get(tool.call_id, tool)
        counts = line_counts(tool, part.content)
        return [change_words(change, counts, tool) for change in part.files[:most]]

    def elapsed(self) -> float:
        """Seconds of work so far; stands still when the run has ended."""
        worked = self.progress.active_seconds
        if self._last is None or self.progress.ended is not None:
            return worked
        return worked + max((self._clock() - self._last).total_seconds(), 0.0)

    def time_left(self) -> tuple[float, str] | None:
        """Seconds until the nearest limit would end the run at its present pace, and that limit; None if unknown."""
        left: list[tuple[float, str]] = []
        elapsed, parts, limits = self.elapsed(), self.progress.parts, self.limits
        if limits.max_seconds is not None:
            left.append((max(limits.max_seconds - elapsed, 0.0), "time"))
        if limits.max_parts is not None and parts > 0 and elapsed > 0:
            left.append((max(limits.max_parts - parts, 0) * elapsed / parts, "parts"))
        return min(left) if left and self.progress.ended is None else None

    def suites(self) -> dict[str, tuple[int | None, int]]:
        """Tests passed (None: not graded yet) and expected of every suite."""
        expected = dict(self.progress.started.suites) if self.progress.started else {}
        graded = self.progress.testing.suites
        for suite, count in graded.items():
            expected.setdefault(suite, count.expected)
        return {suite: (graded[suite].passed if suite in graded else None, n) for suite, n in expected.items()}


class GradeTrend:
    """The change in passed tests since the grade before of the same path, per suite."""

    def __init__(self) -> None:
        self._before: dict[tuple[str, str], int] = {}

    def since(self, grade: TestsGraded) -> dict[str, tuple[SuiteCount, int | None]]:
        """Each suite's count, and how many more tests passed than before (None: not comparable)."""
        found: dict[str, tuple[SuiteCount, int | None]] = {}
        for suite, count in grade.suites.items():
            before = self._before.get((grade.path, suite))
            found[suite] = (count, None if before is None else count.passed - before)
            self._before[grade.path, suite] = count.passed
        return found
