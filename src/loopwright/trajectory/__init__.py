"""One trajectory: the test loop of one agent on one task, from start to session end."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.trajectory.asking import AskNext
    from loopwright.trajectory.begun import started_event
    from loopwright.trajectory.control import ControlReply, ControlRequest, ask, watch
    from loopwright.trajectory.copying import check_source
    from loopwright.trajectory.forking import fork, plan_fork
    from loopwright.trajectory.loop import END_OF_INPUT
    from loopwright.trajectory.options import DEFAULT_AGENT, DEFAULT_MAX_PARTS, DEFAULT_MAX_SILENCE, RunOptions
    from loopwright.trajectory.plan import Plan, make_plan
    from loopwright.trajectory.resuming import plan_resume, resume
    from loopwright.trajectory.starting import start

_HOMES = {
    "asking": ("AskNext",),
    "copying": ("check_source",),
    "loop": ("END_OF_INPUT",),
    "control": ("ControlReply", "ControlRequest", "ask", "watch"),
    "options": ("DEFAULT_AGENT", "DEFAULT_MAX_PARTS", "DEFAULT_MAX_SILENCE", "RunOptions"),
    "plan": ("Plan", "make_plan"),
    "resuming": ("plan_resume", "resume"),
    "forking": ("fork", "plan_fork"),
    "begun": ("started_event",),
    "starting": ("start",),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "DEFAULT_AGENT",
    "DEFAULT_MAX_PARTS",
    "DEFAULT_MAX_SILENCE",
    "END_OF_INPUT",
    "AskNext",
    "ControlReply",
    "ControlRequest",
    "Plan",
    "RunOptions",
    "ask",
    "check_source",
    "fork",
    "make_plan",
    "plan_fork",
    "plan_resume",
    "resume",
    "start",
    "started_event",
    "watch",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
