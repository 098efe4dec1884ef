"""What a profile keeps of a run besides its journal: the run folder, the mirror, and telemetry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import anyio

from loopwright.agents.protocol import AgentContext
from loopwright.base import LoopwrightError
from loopwright.record import RunDir, RunStarted, first_event
from loopwright.runtime.agent.executor import Done
from loopwright.runtime.agent.harness import Harness
from loopwright.runtime.agent.telemetry import Telemetry
from loopwright.runtime.config import AgentConfig
from loopwright.runtime.logs import RunFolder, folder_name, keep_newest
from loopwright.runtime.workspace import Mirror

__all__ = ["Keeper", "open_run_folder", "run_folder"]

# The run folder is brought up to date in a long turn, too: not more often than so many seconds, and in at most a
# twentieth of the time, since it is made from the whole journal.
_PAUSE, _SHARE = 5.0, 20.0


class Keeper:
    """Keeps everything up to date. Trouble with it is told as a notice and never ends a run.

    Raises:
        UsageError: The mirror's folder is not ours.
    """

    def __init__(self, harness: Harness, context: AgentContext, rundir: RunDir) -> None:
        config = harness.config
        self._context = context
        self._mode = config.workspace.mirror.mode
        self._mirror = _mirror(config, context, rundir)
        self._folder = _run_folder(config, rundir)
        self._telemetry = _telemetry(harness, rundir)
        self._root = config.logging.root_dir
        self._most = config.logging.retention.max_runs
        self._next = 0.0
        self._told: set[str] = set()

    def start(self) -> None:
        """The run begins: old run folders make room."""
        if self._folder is not None and self._root is not None and self._most is not None and self._root.is_dir():
            try:
                keep_newest(self._root, self._most - (not self._folder.folder.exists()))
            except (LoopwrightError, OSError) as error:
                self._context.notice("not_kept", str(error))

    async def reply(self, number: int, mode: str, tokens: int | None, done: Sequence[Done]) -> None:
        """A reply is over, and all of its calls."""
        telemetry = self._telemetry
        if telemetry is not None:
            await self._try(lambda: telemetry.reply(number, mode, tokens, done))
        if anyio.current_time() >= self._next:
            await self._log()

    async def changed(self) -> None:
        """A tool may have changed files."""
        await self._sync("development")

    async def turn_ended(self) -> None:
        """A turn is over."""
        await self._sync("testing")
        await self._log()

    async def end(self) -> None:
        """The agent is closed."""
        with anyio.CancelScope(shield=True):
            await self._sync("production")
            await self._log()

    async def _sync(self, moment: str) -> None:
        mirror = self._mirror
        if mirror is not None and (self._mode == moment or (moment == "production")):
            await self._try(mirror.sync)

    async def _log(self) -> None:
        if self._folder is not None:
            began = anyio.current_time()
            await self._try(self._folder.update)
            took = anyio.current_time() - began
            self._next = began + took + max(_PAUSE, _SHARE * took)

    async def _try(self, work: Callable[[], object]) -> None:
        try:
            await anyio.to_thread.run_sync(work)
        except (LoopwrightError, OSError) as error:
            if str(error) not in self._told:
                self._told.add(str(error))
                self._context.notice("not_kept", str(error))


def _mirror(config: AgentConfig, context: AgentContext, rundir: RunDir) -> Mirror | None:
    mirror = config.workspace.mirror
    if not mirror.enabled or mirror.path is None:
        return None
    return Mirror(context.workspace, mirror.path, rundir.id)


def _run_folder(config: AgentConfig, rundir: RunDir) -> RunFolder | None:
    if not config.logging.enabled:
        return None
    return open_run_folder(config, rundir)


def open_run_folder(config: AgentConfig, rundir: RunDir) -> RunFolder:
    """The run folder of a run under a profile, to be brought up to date by `update`."""
    tools = config.prompts.tool_prompt_mode in ("per_turn_append", "system_and_per_turn")
    return RunFolder(rundir, run_folder(config, rundir), config.logging, tools_in_prompts=tools)


def run_folder(config: AgentConfig, rundir: RunDir) -> Path:
    """Where the run folder of a run is: below `logging.root_dir`, or inside the run's own directory."""
    if config.logging.root_dir is None:
        return rundir.path / "logs"
    begun = first_event(rundir.journal)
    started_at, task = (begun.started_at, begun.task) if isinstance(begun, RunStarted) else ("", "run")
    return config.logging.root_dir / folder_name(started_at, task, rundir.id)


def _telemetry(harness: Harness, rundir: RunDir) -> Telemetry | None:
    section = harness.config.telemetry
    if section.database_path is None:
        return None
    edits = frozenset(spec.id for spec in harness.toolset.specs if spec.kind == "edit")
    return Telemetry(section.database_path, section.per_turn_metrics, rundir.id, edits)
