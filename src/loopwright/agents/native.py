"""The agent that is ours: the runtime runs in the orchestrator, its tools in the sandbox.

`native` is the small shipped profile, `native:FILE` the profile in that file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopwright import __version__
from loopwright.agents.protocol import AgentCheck, AgentContext, AgentItem, AgentMemory, TurnOutcome
from loopwright.base import UsageError, collector_paused
from loopwright.record import Limits, PartAdded, RunDir, TurnStarted

if TYPE_CHECKING:
    from loopwright.runtime import Runtime
    from loopwright.runtime.config import LoadedConfig

__all__ = ["NativeAgent"]


class NativeAgent:
    """Follows the Agent protocol by delegating to `runtime.Runtime`."""

    name = "native"
    steers = True

    def __init__(self, profile: str | None = None) -> None:
        if profile == "":
            raise UsageError("native: needs a file", where="--agent native:", remedy="Write native:FILE.yaml.")
        self._file = profile
        self._runtime: Runtime | None = None

    @cached_property
    def profile(self) -> LoadedConfig:
        """What it runs by.

        Raises:
            UsageError: The profile is wrong; everything that is wrong with it is said.
        """
        from loopwright.runtime import default_profile
        from loopwright.runtime.config import load_config

        return default_profile() if self._file is None else load_config(Path(self._file))

    def check(self) -> AgentCheck:
        """It is part of Loopwright, so it is always here; the profile is read, and its texts are compiled."""
        from loopwright.runtime.agent import check_profile

        check_profile(self.profile)
        return AgentCheck(ok=True, version=__version__, path=str(self.profile.path))

    def describe(self) -> dict[str, Any]:
        """What of the profile is recorded with a run: a run is only resumed with the same one."""
        config = self.profile.config
        return {
            "profile": self.profile.name,
            "profile_description": config.profile.description,
            "profile_path": str(self.profile.path) if self._file is not None else "",
            "profile_digest": self.profile.digest,
            "profile_overlays": [overlay.id for overlay in config.tools.overlays],
        }

    @property
    def limits(self) -> Limits:
        """The limits that the profile sets for the whole run."""
        limits = self.profile.config.loop.limits
        return Limits(max_cost=limits.cost, max_seconds=limits.seconds, max_tokens=limits.tokens)

    @property
    def sandbox(self) -> str:
        """The sandbox of its commands. `strongest` never means none at all: that has to be said in words."""
        driver = self.profile.config.workspace.sandbox.driver
        return "bwrap" if driver == "strongest" else driver

    @property
    def fallback_models(self) -> dict[str, str]:
        """Other models that requests may name; the file of a script lies where the profile says, from its folder."""
        folder = self.profile.path.parent
        models = [model for entry in self.profile.config.providers.models for model in entry.routing.fallback_models]
        return {model: _anchored(model, folder) for model in models}

    @property
    def records(self) -> tuple[Path, ...]:
        """Where the profile keeps run folders and telemetry: an agent must not read there how others did its task."""
        config = self.profile.config
        return tuple(path for path in (config.logging.root_dir, config.telemetry.database_path) if path is not None)

    async def prepare(self, context: AgentContext) -> None:
        """Start a new conversation.

        Raises:
            UsageError: The profile does not fit the model, or its mirror is not ours.
            MachineError: An MCP server of the profile does not start.
        """
        from loopwright.runtime import Runtime

        self._runtime = await Runtime.open(context, self.profile)

    async def resume(
        self, context: AgentContext, turns: list[TurnStarted], parts: list[PartAdded], memory: AgentMemory | None
    ) -> None:
        """Take up the recorded conversation, to the byte."""
        await self.prepare(context)
        with collector_paused():
            self._started.restore(turns, parts)

    def turn(self, prompt: str) -> AsyncIterator[AgentItem]:
        """One prompt, and everything until the model yields."""
        return self._started.turn(prompt)

    def unfinished_turn(self) -> AsyncIterator[AgentItem]:
        """The rest of a turn that a crash cut off."""
        return self._started.go_on()

    @property
    def outcome(self) -> TurnOutcome:
        """How the last turn ended."""
        return self._started.outcome

    async def steer(self, text: str) -> bool:
        """Say it to the model before its next reply."""
        return self._started.steer(text)

    def memory(self) -> AgentMemory | None:
        """The record is all the memory that it has."""
        return None

    async def close(self) -> None:
        """Close the connection to the gateway, and end the profile's MCP servers."""
        if self._runtime is not None:
            await self._runtime.close()

    def run_ended(self, rundir: RunDir) -> None:
        """Add how the run ended, and its last tests, to the run folder that the profile wants.

        Raises:
            MachineError: It cannot be written.
        """
        from loopwright.runtime.agent.keeping import open_run_folder

        if self.profile.config.logging.enabled:
            open_run_folder(self.profile.config, rundir).update()

    @property
    def _started(self) -> Runtime:
        if self._runtime is None:
            raise RuntimeError("prepare or resume comes before a turn")
        return self._runtime


def _anchored(model: str, folder: Path) -> str:
    scheme, colon, path = model.partition(":")
    return f"{scheme}:{folder / path}" if colon and scheme == "scripted" else model
