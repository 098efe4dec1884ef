"""The agent's place in a run: one agent at a time, which can be replaced by a new process of its kind."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import anyio

from loopwright.agents import Agent, AgentContext
from loopwright.base import MachineError, one_line
from loopwright.trajectory.past import Past

__all__ = ["Seat"]

_STEER_S = 10.0


class Seat:
    """Holds the agent of a run.

    Args:
        agent: The first one; nothing of it was started yet.
        again: Makes another one like it.
        past: What is recorded by now, for the one that takes over.
    """

    def __init__(self, agent: Agent, again: Callable[[], Agent], past: Callable[[], Past]) -> None:
        self.agent = agent
        self._again = again
        self._past = past
        self._context: AgentContext | None = None
        self.in_turn = False

    @property
    def context(self) -> AgentContext:
        """What the agent was given.

        Raises:
            RuntimeError: `take` comes first.
        """
        if self._context is None:
            raise RuntimeError("nobody sits there yet")
        return self._context

    async def take(self, context: AgentContext, past: Past | None) -> None:
        """Get the agent ready: for a new conversation, or to go on after what is recorded.

        Raises:
            MachineError: Its program cannot be started.
        """
        self._context = context
        if past is None or not past.turns:
            await self.agent.prepare(context)
            return
        try:
            await self._resume(past)
        except MachineError as error:
            aside = self._set_aside(context.home)
            if aside is None:
                raise
            await self._again_without(aside, past, error)

    async def _resume(self, past: Past) -> None:
        await self.agent.resume(self.context, past.turns, past.parts, past.memory)

    def _set_aside(self, home: Path | None) -> Path | None:
        """Give the agent an empty home, where it has one that may be what keeps it from starting; where the old is."""
        if home is None or not home.is_dir() or not any(home.iterdir()):
            return None
        names = (home.with_name(f"{home.name}_damaged_{number}") for number in itertools.count(1))
        aside = next(path for path in names if not path.exists())
        home.rename(aside)
        return aside

    async def _again_without(self, aside: Path, past: Past, error: MachineError) -> None:
        """Resume another agent of the kind in an empty home; where that fails too, the home was not to blame."""
        await self.agent.close()
        self.agent = self._again()
        home = self.context.home
        try:
            await self._resume(past)
        except MachineError:
            if home is not None:
                shutil.rmtree(home, ignore_errors=True)
                aside.rename(home)
            raise
        self.context.notice(
            "home_set_aside",
            f"The agent did not start with what was in its home ({one_line(str(error), 300)}), so it has an empty one. "
            f"The old one is {aside}.",
        )

    async def replace(self) -> None:
        """End the agent, and let another one of its kind take up the session, with the memory of the first.

        Raises:
            MachineError: Its program cannot be started.
        """
        await self.agent.close()
        self.context.activity.idle()
        self.agent = self._again()
        await self._resume(await anyio.to_thread.run_sync(self._past))

    async def steer(self, text: str) -> tuple[bool, str]:
        """Tell the agent something in the middle of its turn: whether it heard it, and why not."""
        if not self.in_turn:
            return False, "no turn is going on"
        if not self.agent.steers:
            return False, f"{self.agent.name} hears people at the beginning of a turn"
        with anyio.move_on_after(_STEER_S):
            try:
                heard = await self.agent.steer(text)
            except Exception as error:  # noqa: BLE001 - whatever an adapter does wrong here, the text must not be lost
                return False, f"it could not be told now: {one_line(str(error), 200)}"
            return heard, "" if heard else "it cannot hear anything just now"
        return False, f"it did not answer within {_STEER_S:.0f} s"

    async def close(self) -> None:
        """End everything that the agent started."""
        await self.agent.close()
