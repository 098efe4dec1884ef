"""The agent that is ours: the runtime runs in the orchestrator, its tools in the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator

from loopwright import __version__
from loopwright.agents.protocol import AgentCheck, AgentContext, AgentItem, AgentMemory, TurnOutcome
from loopwright.record import PartAdded, TurnStarted
from loopwright.runtime import Runtime

__all__ = ["NativeAgent"]


class NativeAgent:
    """Follows the Agent protocol by delegating to `runtime.Runtime`."""

    name = "native"
    steers = False

    def __init__(self) -> None:
        self._runtime: Runtime | None = None

    def check(self) -> AgentCheck:
        """It is part of Loopwright, so it is always here."""
        return AgentCheck(ok=True, version=__version__)

    async def prepare(self, context: AgentContext) -> None:
        """Start a new conversation."""
        self._runtime = Runtime(context, context.options["conversation"])

    async def resume(
        self, context: AgentContext, turns: list[TurnStarted], parts: list[PartAdded], memory: AgentMemory | None
    ) -> None:
        """Take up the recorded conversation, to the byte."""
        await self.prepare(context)
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
        """It hears people at its next turn."""
        return False

    def memory(self) -> AgentMemory | None:
        """The record is all the memory that it has."""
        return None

    async def close(self) -> None:
        """Close the connection to the gateway."""
        if self._runtime is not None:
            await self._runtime.close()

    @property
    def _started(self) -> Runtime:
        if self._runtime is None:
            raise RuntimeError("prepare or resume comes before a turn")
        return self._runtime
