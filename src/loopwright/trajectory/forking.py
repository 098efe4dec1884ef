"""Starting a new trajectory from a part of another one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from loopwright.base import UsageError
from loopwright.record import RunDir, RunEnded, RunStarted
from loopwright.trajectory.begun import started_event
from loopwright.trajectory.deltas import DeltaListener
from loopwright.trajectory.inheriting import Inheritance, inheritance_of
from loopwright.trajectory.options import RunOptions
from loopwright.trajectory.plan import Plan, make_plan
from loopwright.trajectory.session import Listener
from loopwright.trajectory.starting import start
from loopwright.trajectory.upto import read_up_to

__all__ = ["fork", "plan_fork"]


def plan_fork(parent: RunDir, part: int | None, options: RunOptions) -> tuple[Plan, Inheritance]:
    """Check that the child can run, and read what it gets from its parent (which is only read).

    Args:
        parent: The run.
        part: After which part; 0 is the start, None the last part.
        options: Of the child, complete.

    Raises:
        UsageError: There is no such part, or something of the options is wrong.
        MachineError: This machine lacks something, or the parent's record is damaged.
    """
    begun = started_event(parent)
    if not parent.repo.exists():
        raise UsageError(
            f"The run {parent.id} has no repository here, so its files cannot be had.",
            where=str(parent.repo),
            remedy=f"Type: loopwright verify {parent.id}; it says how to get the repository back.",
        )
    with ThreadPoolExecutor(1) as pool:  # the plan waits for programs that it tries
        reading = pool.submit(read_up_to, parent, part)
        plan = make_plan(options)
        found = reading.result()
    other_task = plan.task.digest != begun.task_digest
    inheritance = inheritance_of(parent, found, options.agent, plan.task.instruction if other_task else None)
    if inheritance.past is not None and begun.options.get("model_digest") != plan.model.digest:
        inheritance.past.calls = []  # another script has its own positions
    return plan, inheritance


async def fork(
    options: RunOptions,
    plan: Plan,
    inheritance: Inheritance,
    listeners: Iterable[Listener] = (),
    on_start: Callable[[RunDir, RunStarted], None] | None = None,
    on_delta: DeltaListener | None = None,
) -> tuple[RunDir, RunEnded]:
    """Run the child to its end; see `start`."""
    return await start(options, plan, listeners, on_start, on_delta, inheritance)
