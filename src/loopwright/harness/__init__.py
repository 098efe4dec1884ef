"""Tasks, their tests, and grading a submission where nobody who wrote it can reach.

Imported lazily (PEP 562): the grading sandbox imports `loopwright.harness.environment` with the standard library alone.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loopwright.harness.answer import short_answer, to_json
    from loopwright.harness.grader import Grader
    from loopwright.harness.mcp_server import mcp_app
    from loopwright.harness.results import CaseResult, Grade, Status
    from loopwright.harness.tasks import Task, load_task

__all__ = ["CaseResult", "Grade", "Grader", "Status", "Task", "load_task", "mcp_app", "short_answer", "to_json"]

_HOMES = {
    "CaseResult": "results",
    "Grade": "results",
    "Grader": "grader",
    "Status": "results",
    "Task": "tasks",
    "load_task": "tasks",
    "mcp_app": "mcp_server",
    "short_answer": "answer",
    "to_json": "answer",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
