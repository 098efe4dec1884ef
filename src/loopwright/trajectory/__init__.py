"""One trajectory: the test loop of one agent on one task, from start to session end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.base import lazy_names

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
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        asking=("AskNext",),
        begun=("started_event",),
        control=("ControlReply", "ControlRequest", "ask", "watch"),
        copying=("check_source",),
        forking=("fork", "plan_fork"),
        loop=("END_OF_INPUT",),
        options=("DEFAULT_AGENT", "DEFAULT_MAX_PARTS", "DEFAULT_MAX_SILENCE", "RunOptions"),
        plan=("Plan", "make_plan"),
        resuming=("plan_resume", "resume"),
        starting=("start",),
    )

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
