"""The line to one process of the CLI: JSON objects in, lines out, whoever listens at the moment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import anyio
from anyio.abc import TaskGroup

from loopwright.agents.launching import Place
from loopwright.agents.process import AgentProcess

__all__ = ["Link"]

_LINES = 64
_GOODBYE_SECONDS = 1.5


class Link:
    """A CLI that runs. Lines that nobody has read yet wait, a few in memory and the rest in its pipe.

    Attributes:
        heard: Whether a line of it was read.
    """

    def __init__(self) -> None:
        self.heard = False
        self._sender, self._lines = anyio.create_memory_object_stream[bytes](_LINES)
        self._process: AgentProcess | None = None

    @classmethod
    async def open(cls, tasks: TaskGroup, place: Place, argv: tuple[str, ...], env: Mapping[str, str]) -> Link:
        """Start the CLI; its task lives in `tasks`.

        Raises:
            MachineError: The sandbox could not be started.
        """
        link = cls()
        link._process = await AgentProcess.start(
            tasks, place, argv, env=env, on_line=link._hear, on_end=link._sender.close
        )
        return link

    @property
    def alive(self) -> bool:
        """Whether the program still runs."""
        return self._process is not None and self._process.alive

    async def send(self, value: dict[str, Any]) -> bool:
        """Write one line; False where the program reads no more."""
        if self._process is None:
            return False
        try:
            await self._process.send(json.dumps(value).encode() + b"\n")
        except anyio.BrokenResourceError:
            return False
        return True

    async def line(self) -> bytes | None:
        """The next line of its output, or None where there are no more. Loses nothing when it is cancelled."""
        try:
            line = await self._lines.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            return None
        self.heard = True
        return line

    async def ending(self) -> str:
        """How the program ended, in words; to be asked after the last line."""
        if self._process is None:
            return "was not started"
        with anyio.move_on_after(_GOODBYE_SECONDS):
            await self._process.ended.wait()
        return self._process.how_it_ended()

    async def close(self, *, gently: bool = True) -> None:
        """End it and everything that it started; `gently` lets it save its session for a moment first."""
        self._lines.close()
        if self._process is None:
            return
        with anyio.CancelScope(shield=True):
            if gently:
                await self._process.close_stdin()
            await self._process.close(_GOODBYE_SECONDS if gently else 0.0)

    async def _hear(self, line: bytes) -> None:
        try:
            await self._sender.send(line)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            return  # it is being closed, and nobody wants its last lines
