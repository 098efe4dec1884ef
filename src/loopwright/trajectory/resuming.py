"""Going on with a trajectory whose process died, or that ended before its goal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from loopwright.base import UsageError
from loopwright.checkpoint import Checkpoints, Policy
from loopwright.record import (
    BlobStore,
    Journal,
    Limits,
    ModelCalled,
    PartAdded,
    Payload,
    RunDir,
    RunEnded,
    RunResumed,
    RunStarted,
    TurnStarted,
    check_not_cut_back,
    read_events,
)
from loopwright.trajectory.begun import started_event
from loopwright.trajectory.clock import now
from loopwright.trajectory.finishing import finish, live_store
from loopwright.trajectory.options import RunOptions
from loopwright.trajectory.plan import Plan, make_plan
from loopwright.trajectory.session import Listener, Past, Session
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
    return begun, plan


async def resume(
    rundir: RunDir,
    changed: Limits | None = None,
    listeners: Iterable[Listener] = (),
    on_start: Callable[[RunDir, RunStarted], None] | None = None,
) -> RunEnded:
    """Go on with a run after its last acknowledged event.

    A run that is solved only gets its derived files written and shipped again, in case that was cut off.

    Args:
        rundir: The run.
        changed: Limits that replace the ones in force; fields that are None keep theirs.
        listeners: Told of every new event.
        on_start: Called once the run is taken over.

    Raises:
        UsageError: The run is being worked on by another process, or its task or script has changed.
        MachineError: This machine cannot go on with it.
    """
    begun, plan = plan_resume(rundir)
    stop = StopSwitch()
    with signals_press(stop), Journal.open(rundir) as journal:
        state, past, ended = _read(rundir)
        if on_start is not None:
            on_start(rundir, begun)
        if ended is not None and ended.reason == "solved":
            async with live_store(rundir, plan.store, _ignore) as shipper:
                await finish(rundir, shipper)
            return ended
        check_not_cut_back(rundir, state)
        _resolve(past, BlobStore(rundir.blobs_folder))
        limits = _merge(state.limits, changed)
        policy = Policy(ignore=plan.task.ignore)
        rundir.workspace.mkdir(exist_ok=True)  # everything in it is in the repository
        with Checkpoints.open(rundir.repo, rundir.workspace, head=state.last_commit, policy=policy) as checkpoints:
            restored = checkpoints.restore(state.last_commit)
            event = RunResumed(timestamp=now(), after_part=state.parts, commit=state.last_commit, limits=limits)
            journal.append(event)
            state.apply(event)
            session = Session(plan, rundir, journal, state, checkpoints, limits, stop, listeners)
            session.tell_lost(restored.missing)
            return await session.run(past)


def _ignore(text: str) -> None:
    """Trouble of the store on the way; `finish` raises where it stays."""


def _read(rundir: RunDir) -> tuple[RunState, Past, RunEnded | None]:
    """The fold of the journal, what an agent needs for its memory, and how the run ended where it has."""
    state, past, ended = RunState(), Past([], [], []), None
    for _, event in read_events(rundir.journal):
        state.apply(event)
        _remember(past, event)
        ended = event if isinstance(event, RunEnded) else ended
    return state, past, ended


def _remember(past: Past, event: Any) -> None:
    if isinstance(event, TurnStarted):
        past.turns.append(event)
    elif isinstance(event, PartAdded):
        past.parts.append(event)
    elif isinstance(event, ModelCalled):
        past.calls.append(event)


def _merge(old: Limits, new: Limits | None) -> Limits:
    if new is None:
        return old
    pairs = {name: (getattr(new, name), getattr(old, name)) for name in Limits.__struct_fields__}
    return Limits(**{name: before if now_ is None else now_ for name, (now_, before) in pairs.items()})


def _resolve(past: Past, blobs: BlobStore) -> None:
    """Put the values of blobs back into the payloads that an agent needs for its memory."""

    def value(payload: Payload | None) -> Payload | None:
        if payload is None or payload.blob is UNSET:
            return payload
        return Payload(value=blobs.value(payload), size=payload.size)

    past.turns = [msgspec.structs.replace(turn, prompt=value(turn.prompt)) for turn in past.turns]
    past.parts = [_resolved(part, value) for part in past.parts]


def _resolved(part: PartAdded, value: Callable[[Payload | None], Payload | None]) -> PartAdded:
    tool = part.tool
    if tool is not None:
        tool = msgspec.structs.replace(tool, arguments=value(tool.arguments), result=value(tool.result))
    return msgspec.structs.replace(part, raw=value(part.raw), content=value(part.content), tool=tool)
