"""Starting a new trajectory."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import structs

from loopwright import __version__
from loopwright.base import MachineError
from loopwright.checkpoint import Checkpoints, Policy, export_tree
from loopwright.harness import Task
from loopwright.record import SCHEMA_VERSION, BlobStore, Journal, Limits, RunDir, RunEnded, RunStarted
from loopwright.trajectory.clock import now
from loopwright.trajectory.deltas import DeltaListener
from loopwright.trajectory.helm import merge_limits
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
) -> tuple[RunDir, RunEnded]:
    """Run a new trajectory to its end; with `inheritance`, one that begins where another one was.

    `on_start` is called once the first event is safe: from then on the run can be resumed. `listeners` are told of
    every event, `on_delta` of what is on its way.

    Raises:
        UsageError: A run with this id exists.
        MachineError: The home is not writable or the disk is full.
    """
    stop = StopSwitch()
    with signals_press(stop):
        rundir = RunDir.create(options.home, options.trajectory_id or str(uuid.uuid4()))
        if inheritance is None:
            copy_files(plan.task, rundir.workspace)
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
            session = Session(plan, rundir, journal, state, checkpoints, stop, listeners, on_delta)
            if on_start is not None:
                on_start(rundir, first)
            past, opening = (inheritance.past, inheritance.opening) if inheritance else (None, None)
            return rundir, await session.run(past, opening)


def copy_files(task: Task, workspace: Path) -> None:
    """Make the workspace from the task's starting files, modes and symbolic links kept.

    Raises:
        MachineError: The disk is full or the folder is not writable.
    """
    try:
        if task.files.is_dir():
            shutil.copytree(task.files, workspace, symlinks=True, dirs_exist_ok=True)
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
        limits=_limits(options, plan),
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
            **plan.described,
            **(inheritance.facts() if inheritance else {}),
        },
    )


def _limits(options: RunOptions, plan: Plan) -> Limits:
    """The limits that were asked for; where nothing was said, the agent's, then the task's; for parts the seed's."""
    chosen = merge_limits(merge_limits(plan.task.limits, plan.agent_limits), options.limits)
    return structs.replace(chosen, max_parts=chosen.max_parts or DEFAULT_MAX_PARTS)
