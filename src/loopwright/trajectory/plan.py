"""Everything that must be right before a run directory exists: task, agent, model, sandbox, store.

Each check says what is wrong in one sentence and what to type next; nothing has been started by then.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from msgspec import Struct

from loopwright.agents import Agent, make_agent
from loopwright.base import MachineError, UsageError
from loopwright.gateway import ModelSpec
from loopwright.harness import Task, load_task
from loopwright.record import Store, check_home, open_store
from loopwright.sandbox import Probe, probe, require, strongest
from loopwright.trajectory.options import RunOptions

__all__ = ["Plan", "make_plan"]


class Plan(Struct, frozen=True):
    """A run that can start: all of it was loaded or tried. `store_spec` is "" where the store is the run's home."""

    task: Task
    agent: Agent
    agent_version: str
    model: ModelSpec
    probe: Probe
    store: Store
    store_spec: str


def make_plan(options: RunOptions) -> Plan:
    """Load and check everything that a run needs.

    Raises:
        UsageError: A name, file or value is wrong.
        MachineError: This machine lacks a tool, isolation, or a key.
    """
    if shutil.which("git") is None:
        raise MachineError("git is not installed; checkpoints need it.", remedy="Type: apt-get install git")
    agent = make_agent(options.agent)
    check = agent.check()
    if not check.ok:
        raise MachineError(f"The agent {options.agent} cannot run here: {check.detail}", remedy=check.remedy)
    if not options.model:
        raise UsageError(
            "No model was named.", remedy="Add --model openai/NAME (with its key), or --model scripted:FILE."
        )
    model = ModelSpec.parse(options.model)
    found = _sandbox(options)
    task = load_task(options.task)
    store = open_store(options.store or str(options.home))
    if options.store:
        store.check()
    check_home(options.home)
    return Plan(task, agent, check.version, model, found, store, options.store or "")


def _sandbox(options: RunOptions) -> Probe:
    backend = strongest() if options.sandbox == "strongest" else options.sandbox
    if backend != "host":
        return require(backend)
    repository = _repository_around(options.home.resolve())
    if repository is not None:
        raise UsageError(
            f"The workspace would lie inside the git repository {repository}, and the host sandbox cannot keep an "
            "agent out of it.",
            where="--sandbox host",
            remedy="Set LOOPWRIGHT_HOME to a folder outside of the repository.",
        )
    return probe(backend)


def _repository_around(folder: Path) -> Path | None:
    """The git work tree that `folder` (which need not exist) lies in, if any."""
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            return parent
    return None
