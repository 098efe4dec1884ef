"""Going on with a trajectory whose process died, or that ended before its goal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from loopwright.base import UsageError
from loopwright.checkpoint import Checkpoints, Policy
from loopwright.record import BlobStore, Journal, Limits, RunDir, RunEnded, RunResumed, RunStarted, check_not_cut_back
from loopwright.trajectory.begun import started_event
from loopwright.trajectory.clock import now
from loopwright.trajectory.deltas import DeltaListener
from loopwright.trajectory.finishing import finish, live_store
from loopwright.trajectory.helm import merge_limits
from loopwright.trajectory.inheriting import Opening, inherit, with_inherited
from loopwright.trajectory.options import DEFAULT_MAX_SILENCE, RunOptions
from loopwright.trajectory.past import read_past
from loopwright.trajectory.plan import Plan, make_plan
from loopwright.trajectory.session import Listener, Session
from loopwright.trajectory.state import RunState
from loopwright.trajectory.stopping import StopSwitch, signals_press

__all__ = ["plan_resume", "resume"]


def plan_resume(rundir: RunDir) -> tuple[RunStarted, Plan]:
    """Check that what the run was started with is still the same.

    Raises:
        UsageError: The task or the script has changed since, or the run never began.
        MachineError: This machine cannot run it (any more).
    """
    begun = started_event(rundir)
    options = RunOptions(
        task=Path(begun.task_path),
        agent=begun.agent,
        model=begun.model,
        home=rundir.home,
        sandbox=begun.sandbox,
        store=begun.store or None,
        max_silence=begun.options.get("max_silence", DEFAULT_MAX_SILENCE),
        on_silence=begun.options.get("on_silence", "retry"),
        max_replies=begun.options.get("max_replies"),
    )
    plan = make_plan(options)
    if plan.task.digest != begun.task_digest:
        raise UsageError(
            "The task has changed since this run was started, so its results could not be compared.",
            where=begun.task_path,
            remedy="Bring its files back, or start a new run.",
        )
    if begun.options.get("model_digest") != plan.model.digest:
        raise UsageError(
            "The model's script has changed since this run was started.",
            where=begun.model,
            remedy="Bring it back, or start a new run.",
        )
    for name, digest in begun.options.get("others", {}).items():
        if name not in plan.others or plan.others[name].digest != digest:
            raise UsageError(
                "A fallback model's script has changed since this run was started.",
                where=name,
                remedy="Bring it back, or start a new run.",
            )
    if begun.options.get("profile_digest") not in (None, plan.described.get("profile_digest")):
        raise UsageError(
            "The agent's profile has changed since this run was started.",
            where=str(plan.described.get("profile_path") or begun.agent),
            remedy="Bring it back, or start a new run.",
        )
    return begun, plan


async def resume(
    rundir: RunDir,
    changed: Limits | None = None,
    listeners: Iterable[Listener] = (),
    on_start: Callable[[RunDir, RunStarted], None] | None = None,
    on_delta: DeltaListener | None = None,
) -> RunEnded:
    """Go on with a run after its last acknowledged event.

    A run that is solved only gets its derived files written and shipped again, in case that was cut off.

    Args:
        rundir: The run.
        changed: Limits that replace the ones in force; fields that are None keep theirs.
        listeners: Told of every new event.
        on_start: Called once the run is taken over.
        on_delta: Told of what is on its way.

    Raises:
        UsageError: The run is being worked on by another process, or its task or script has changed.
        MachineError: This machine cannot go on with it.
    """
    begun, plan = plan_resume(rundir)
    stop = StopSwitch()
    with signals_press(stop), Journal.open(rundir) as journal:
        state, past, ended = read_past(rundir)
        if on_start is not None:
            on_start(rundir, begun)
        if ended is not None and ended.reason == "solved":
            async with live_store(rundir, plan.store, _ignore) as shipper:
                await finish(rundir, shipper)
            return ended
        check_not_cut_back(rundir, state)
        past.resolve(BlobStore(rundir.blobs_folder))
        past, opening = with_inherited(rundir, begun, past), _opening(rundir, begun, plan, state)
        limits = merge_limits(state.limits, changed)
        policy = Policy(ignore=plan.task.ignore)
        rundir.workspace.mkdir(exist_ok=True)  # everything in it is in the repository
        with Checkpoints.open(rundir.repo, rundir.workspace, head=state.last_commit, policy=policy) as checkpoints:
            restored = checkpoints.restore(state.last_commit)
            event = RunResumed(timestamp=now(), after_part=state.parts, commit=state.last_commit, limits=limits)
            session = Session(plan, rundir, journal, state, checkpoints, stop, listeners, on_delta)
            journal.append(event)
            session.tell_lost(restored.missing)
            return await session.run(past, opening)


def _opening(rundir: RunDir, begun: RunStarted, plan: Plan, state: RunState) -> Opening | None:
    """How the first turn of a fork begins, where it has not begun yet."""
    if begun.parent is None or state.turns:
        return None
    parent = RunDir(rundir.home, begun.parent)
    other_task = started_event(parent).task_digest != begun.task_digest
    return inherit(parent, begun.parent_part, begun.agent, plan.task.instruction if other_task else None).opening


def _ignore(text: str) -> None:
    """Trouble of the store on the way; `finish` raises where it stays."""
