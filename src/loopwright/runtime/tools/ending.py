"""Tools about the task as a whole: run_tests and finish."""

from __future__ import annotations

from typing import Any, Literal

from loopwright.runtime.calls import Outcome
from loopwright.runtime.tools.context import ToolContext

__all__ = ["finish", "run_tests"]


async def run_tests(context: ToolContext, arguments: dict[str, Any], call_id: str) -> Outcome:
    """Grade the workspace as it is now."""
    reply = await context.agent.run_tests(arguments.get("test_path", ""), call_id)
    status: Literal["completed", "failed"] = "completed" if reply.ok else "failed"
    if not reply.grade_id:
        return Outcome(reply.text, status)
    return Outcome(reply.text, status, grade_ids=(reply.grade_id,), tests=(reply.passed, reply.total))


async def finish(context: ToolContext, arguments: dict[str, Any], call_id: str) -> Outcome:
    """End the turn with a summary."""
    return Outcome(arguments.get("summary") or "done", finishes=True)
