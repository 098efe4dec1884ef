"""Starting a new trajectory."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import uuid
from collections.abc import Callable, Iterable

from msgspec import structs

from loopwright import __version__
from loopwright.base import MachineError
from loopwright.checkpoint import Checkpoints, Policy, export_tree
from loopwright.record import SCHEMA_VERSION, BlobStore, Journal, Limits, RunDir, RunEnded, RunStarted
from loopwright.trajectory.asking import AskNext
from loopwright.trajectory.clock import now
from loopwright.trajectory.copying import check_source, copy_folder
from loopwright.trajectory.deltas import DeltaListener
from loopwright.trajectory.helm import merge_limits, stricter
from loopwright.trajectory.inheriting import Inheritance
from loopwright.trajectory.options import DEFAULT_MAX_PARTS, RunOptions
from loopwright.trajectory.plan import Plan
from loopwright.trajectory.session import Listener, Session
from loopwright.trajectory.state import RunState
from loopwright.trajectory.stopping import StopSwitch, signals_press

__all__ = ["start"]


async def start(
    options: RunOptions,
    plan: Plan,
    listeners: Iterable[Listener] = (),
    on_start: Callable[[RunDir, RunStarted], None] | None = None,
    on_delta: DeltaListener | None = None,
    inheritance: Inheritance | None = None,
    ask: AskNext | None = None,
) -> tuple[RunDir, RunEnded]:
    """Run a new trajectory to its end; with `inheritance`, one that begins where another one was.

    `on_start` is called once the first event is safe: from then on the run can be resumed. `listeners` are told of
    every event, `on_delta` of what is on its way. With `ask`, a person says what each turn after the first is about.

    Raises:
        UsageError: A run with this id exists.
        MachineError: The home is not writable or the disk is full.
    """
    stop = StopSwitch()
    with signals_press(stop):
        rundir = RunDir.create(options.home, options.trajectory_id or str(uuid.uuid4()))
        if inheritance is None:
            copy_files(plan, rundir)
        else:
            export_tree(inheritance.parent.repo, inheritance.commit, rundir.workspace)
        policy = Policy(ignore=plan.task.ignore)
        state = RunState()
        with (
            Checkpoints.create(rundir.repo, rundir.workspace, policy=policy) as checkpoints,
            Journal.open(rundir) as journal,
        ):
            first = _first_event(options, plan, rundir, checkpoints, journal.blobs, inheritance)
            journal.append(first)
            journal.sync()
            state.apply(first)
            session = Session(plan, rundir, journal, state, checkpoints, stop, listeners, on_delta, ask)
            if on_start is not None:
                on_start(rundir, first)
            past, opening = (inheritance.past, inheritance.opening) if inheritance else (None, None)
            return rundir, await session.run(past, opening)


def copy_files(plan: Plan, rundir: RunDir) -> None:
    """Make the workspace from the folder that was named, or from the task's starting files; else it is empty.

    Raises:
        MachineError: The disk is full or a folder cannot be read or written.
    """
    files, workspace = plan.task.files, rundir.workspace
    try:
        if plan.files is not None:
            copy_folder(check_source(plan.files), workspace, leave_out=plan.left_out)
        elif files.is_dir():
            shutil.copytree(files, workspace, symlinks=True, dirs_exist_ok=True)
        else:
            workspace.mkdir(exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise MachineError(f"The starting files could not be copied: {error}", where=str(workspace)) from error


def _first_event(
    options: RunOptions,
    plan: Plan,
    rundir: RunDir,
    checkpoints: Checkpoints,
    blobs: BlobStore,
    inheritance: Inheritance | None,
) -> RunStarted:
    prefix = f"trajectories/{rundir.id}"
    return RunStarted(
        schema_version=SCHEMA_VERSION,
        trajectory_id=rundir.id,
        session_id=str(uuid.uuid4()),
        started_at=now(),
        agent=options.agent,
        agent_version=plan.agent_version,
        agent_model=plan.model.name,
        model=plan.model.text,
        scripted=plan.model.scripted,
        task=plan.task.name,
        task_path=str(plan.task.folder),
        task_digest=plan.task.digest,
        instruction=blobs.payload(plan.task.instruction),
        sandbox=plan.probe.backend,
        isolation=plan.probe.isolation,
        limits=_limits(options, plan, inheritance.limits if inheritance else Limits()),
        suites=plan.task.suites,
        store=plan.store_spec,
        artifacts={
            "agent_trace": plan.store.uri(f"{prefix}/agent_trace.json"),
            "repo_bundle": plan.store.uri(f"{prefix}/repo.bundle"),
        },
        initial_commit=checkpoints.head,
        initial_tree=checkpoints.tree,
        parent=inheritance.parent.id if inheritance else None,
        parent_part=inheritance.part if inheritance else None,
        environment={
            "loopwright": __version__,
            "python": platform.python_version(),
            "platform": f"{sys.platform} {os.uname().release} {os.uname().machine}",
        },
        options={
            "model_digest": plan.model.digest,
            "visible": list(plan.task.visible),
            "max_silence": plan.max_silence,
            "on_silence": plan.on_silence,
            "files": str(plan.files) if plan.files else "",
            "max_replies": plan.max_replies,
            "others": {name: model.digest for name, model in plan.others.items()},
            **plan.described,
            **(inheritance.facts() if inheritance else {}),
        },
    )


def _limits(options: RunOptions, plan: Plan, inherited: Limits) -> Limits:
    """The limits that were asked for, else those of the run that this one is a fork of, else the task's.

    Those of the agent hold where they are stricter; for parts there is always one, by default the seed's.
    """
    others = merge_limits(plan.task.limits, inherited)
    chosen = stricter(merge_limits(others, options.limits), plan.agent_limits)
    return structs.replace(chosen, max_parts=chosen.max_parts or DEFAULT_MAX_PARTS)
