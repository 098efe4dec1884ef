"""Everything that must be right before a run directory exists: task, agent, model, sandbox, store.

Each check says what is wrong in one sentence and what to type next; nothing has been started by then.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct

from loopwright.agents import Agent, AgentCheck, make_agent
from loopwright.base import LoopwrightError, MachineError, UsageError
from loopwright.gateway import ModelSpec
from loopwright.harness import Task, load_task
from loopwright.record import Limits, Store, check_home, open_store
from loopwright.sandbox import Probe, probe, require, strongest
from loopwright.trajectory.options import DEFAULT_SANDBOX, OnSilence, RunOptions

__all__ = ["Plan", "make_plan"]


@runtime_checkable
class Configured(Protocol):
    """An agent with settings of its own."""

    @property
    def limits(self) -> Limits:
        """The limits that they set for the whole run."""
        ...

    @property
    def sandbox(self) -> str:
        """The sandbox that they want for its commands."""
        ...

    @property
    def fallback_models(self) -> Mapping[str, str]:
        """Other models that its requests may name: the name, and the model as `--model` would have it."""
        ...

    @property
    def records(self) -> Collection[Path]:
        """Where they keep what runs leave behind: files and folders that no agent begins with."""
        ...

    def describe(self) -> dict[str, Any]:
        """What of them is recorded with a run."""
        ...


class Plan(Struct, frozen=True):
    """A run that can start: all of it was loaded or tried.

    `agent_text` is what `--agent` was given; `store_spec` is "" where the store is the run's home; `agent_warning`
    says what is untested about the agent. `described` is what an agent with settings of its own has recorded of them
    (`profile_digest` among it), `agent_limits` the limits that they set, `others` the other models that it may ask.
    `files` is the folder that the workspace is copied from, None for the task's own, and `left_out` what is not copied
    from it; `max_replies` as in `RunOptions`.
    """

    task: Task
    agent: Agent
    agent_text: str
    agent_version: str
    model: ModelSpec
    probe: Probe
    store: Store
    store_spec: str
    agent_warning: str = ""
    max_silence: float | None = None
    on_silence: OnSilence = "retry"
    described: dict[str, Any] = {}
    agent_limits: Limits = Limits()
    others: Mapping[str, ModelSpec] = {}
    files: Path | None = None
    left_out: tuple[Path, ...] = ()
    max_replies: int | None = None


def make_plan(options: RunOptions) -> Plan:
    """Load and check everything that a run needs.

    Raises:
        UsageError: A name, file or value is wrong.
        MachineError: This machine lacks a tool, isolation, or a key.
    """
    if shutil.which("git") is None:
        raise MachineError("git is not installed; checkpoints need it.", remedy="Type: apt-get install git")
    agent = make_agent(options.agent)
    if not options.model:
        raise UsageError(
            "No model was named.", remedy="Add --model openai/NAME (with its key), or --model scripted:FILE."
        )
    model = ModelSpec.parse(options.model, home=options.home)
    configured = agent if isinstance(agent, Configured) else None
    with ThreadPoolExecutor(1) as pool:  # both wait for programs that they start
        loading = pool.submit(load_task, options.task)
        try:
            check = _checked(agent, options.agent)
            found = _sandbox(options, configured)
        except LoopwrightError:
            loading.result()  # what was typed wrong is said before what this machine lacks
            raise
        task = loading.result()
    store = open_store(options.store or str(options.home))
    if options.store:
        store.check()
    check_home(options.home)
    return Plan(
        task=task,
        agent=agent,
        agent_text=options.agent,
        agent_version=check.version,
        model=model,
        probe=found,
        store=store,
        store_spec=options.store or "",
        agent_warning=check.warning,
        max_silence=options.max_silence,
        on_silence=options.on_silence,
        described=configured.describe() if configured else {},
        agent_limits=configured.limits if configured else Limits(),
        others=_others(configured.fallback_models) if configured else {},
        files=options.files,
        left_out=(options.home, *(configured.records if configured else ())),
        max_replies=options.max_replies,
    )


def _checked(agent: Agent, name: str) -> AgentCheck:
    check = agent.check()
    if not check.ok:
        raise MachineError(f"The agent {name} cannot run here: {check.detail}", remedy=check.remedy)
    return check


def _others(models: Mapping[str, str]) -> dict[str, ModelSpec]:
    """The models that an agent may ask besides.

    Raises:
        UsageError, MachineError: As `ModelSpec.parse`, about the profile.
    """
    found = {}
    for name, text in models.items():
        try:
            found[name] = ModelSpec.parse(text)
        except LoopwrightError as error:
            where = f"the fallback model {name} of the profile"
            raise type(error)(error.what, where=where, remedy=error.remedy) from error
    return found


def _sandbox(options: RunOptions, configured: Configured | None) -> Probe:
    wanted = options.sandbox or (configured.sandbox if configured else DEFAULT_SANDBOX)
    backend = strongest() if wanted == "strongest" else wanted
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
