"""Tasks, their tests, and grading a submission where nobody who wrote it can reach.

Imported lazily: the grading sandbox imports `loopwright.harness.environment` with the standard library alone.
"""

from __future__ import annotations

# Of `loopwright.base`, the grading sandbox shows this module alone.
from loopwright.base.lazy import lazy_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loopwright.harness.answer import short_answer, to_json
    from loopwright.harness.grader import Grader
    from loopwright.harness.mcp_server import mcp_app
    from loopwright.harness.results import CaseResult, Grade, Status
    from loopwright.harness.tasks import Task, load_task
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        answer=("short_answer", "to_json"),
        grader=("Grader",),
        mcp_server=("mcp_app",),
        results=("CaseResult", "Grade", "Status"),
        tasks=("Task", "load_task"),
    )

__all__ = ["CaseResult", "Grade", "Grader", "Status", "Task", "load_task", "mcp_app", "short_answer", "to_json"]
