"""Which part a grade belongs to, where the agent asked for it on another channel than the one that tells of its work.

A foreign agent calls `run_tests` through MCP, and its own stream tells of the call. The two have no id in common, but
the record does: what path was asked for, and the order.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from loopwright.record import Event, PartAdded, Payload, TestsGraded, TurnStarted

__all__ = ["GradeTies", "is_run_tests", "path_in"]

_NAME = "run_tests"


def is_run_tests(tool: str) -> bool:
    """Whether this is the grader's tool; agents put the name of its server before it (`mcp__...__run_tests`)."""
    return tool == _NAME or (tool.endswith(_NAME) and not tool[: -len(_NAME)][-1:].isalnum())


def path_in(arguments: Any) -> str | None:
    """The `test_path` of a call's arguments; "" where it asked for everything, None where there are no arguments."""
    if not isinstance(arguments, dict):
        return None
    path = arguments.get("test_path", "")
    return path.strip().strip("/") if isinstance(path, str) else None


class GradeTies:
    """The grades of the turn that no part has named yet, and what the calls that wait for one asked for.

    `known` are the ids of all the turn's grades.
    """

    def __init__(self) -> None:
        self._untaken: list[tuple[str, str]] = []
        self._asked: dict[str, str | None] = {}
        self.known: set[str] = set()

    def apply(self, event: Event) -> None:
        """Take the next event into account."""
        match event:
            case TestsGraded(cause="agent"):
                self._untaken.append((event.grade_id, event.path))
                self.known.add(event.grade_id)
            case PartAdded() if event.tool is not None and is_run_tests(event.tool.name):
                self._part(event)
            case TurnStarted():
                self._untaken, self._asked, self.known = [], {}, set()
            case _:
                pass

    def _part(self, event: PartAdded) -> None:
        if event.tool is None:
            return
        if event.part_type == "tool_call":
            self._asked[event.tool.call_id] = path_in(_value(event.tool.arguments))
        else:
            self._asked.pop(event.tool.call_id, None)
        self._untaken = [tie for tie in self._untaken if tie[0] not in event.grade_ids]

    def grade_for(self, call_id: str, arguments: Any = None) -> tuple[str, ...]:
        """The oldest untaken grade of what this call asked for; where none fits its path, the oldest of all."""
        path = path_in(arguments)
        path = self._asked.get(call_id) if path is None else path
        fitting = [grade_id for grade_id, graded in self._untaken if path is None or graded.strip("/") == path]
        others = [grade_id for grade_id, _ in self._untaken if path is None or len(self._asked) <= 1]
        return tuple((fitting or others)[:1])


def _value(payload: Payload | None) -> Any:
    return None if payload is None or payload.value is UNSET else payload.value
