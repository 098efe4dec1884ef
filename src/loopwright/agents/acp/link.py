"""The connection to an ACP agent: its lines, split into updates, which we keep in order, and the rest, for the SDK."""

from __future__ import annotations

import math
from typing import Any

import anyio
import msgspec
from anyio.abc import TaskGroup

from loopwright.agents.launching import Place
from loopwright.agents.lines import parse_object
from loopwright.agents.process import AgentProcess

__all__ = ["ENDED", "Link"]

Message = dict[str, Any]

ENDED: Message = {"sessionUpdate": "loopwright_ended"}
"""What `Link.updates` gives last: the prompt was answered, or the process is gone."""

_QUEUE = 256


class Link:
    """A `Transport` of the SDK over a program in a sandbox; start it with `start`.

    Attributes:
        updates: The updates of sessions, in the order in which they came. They do not go through the SDK, which would
            refuse kinds that it does not know.
        muted: Whether updates are dropped: an agent that loads a session tells all of it again.
    """

    def __init__(self) -> None:
        self._send_update, self.updates = anyio.create_memory_object_stream[Message](_QUEUE)
        self._send_message, self._messages = anyio.create_memory_object_stream[Message](math.inf)
        self._process: AgentProcess | None = None
        self.muted = False

    @classmethod
    async def start(cls, tasks: TaskGroup, place: Place, argv: tuple[str, ...], env: dict[str, str]) -> Link:
        """Start the program.

        Raises:
            MachineError: The sandbox could not be started.
        """
        link = cls()
        link._process = await AgentProcess.start(
            tasks, place, argv, env=env, on_line=link._line, on_end=link._send_message.close
        )
        return link

    @property
    def process(self) -> AgentProcess:
        """The program."""
        if self._process is None:
            raise RuntimeError("the link was not started")
        return self._process

    async def send(self, message: Message) -> None:
        """Send one message, for the SDK.

        Raises:
            ConnectionError: The program is gone, or reads no more.
        """
        try:
            await self.process.send(msgspec.json.encode(message) + b"\n")
        except anyio.BrokenResourceError:
            raise ConnectionError(f"the agent {self.process.how_it_ended()}") from None

    async def receive(self) -> Message | None:
        """The next message for the SDK; None at the end."""
        try:
            return await self._messages.receive()
        except anyio.EndOfStream:
            return None

    async def close(self) -> None:
        """For the SDK; the program is ended by whoever started it."""

    async def end_turn(self) -> None:
        """Put `ENDED` behind the updates that came."""
        await self._send_update.send(ENDED)

    async def _line(self, line: bytes) -> None:
        message = parse_object(line)
        if message is None:
            return  # programs print other things too
        method, params = message.get("method"), message.get("params")
        update = params.get("update") if isinstance(params, dict) else None
        if method == "session/update" and isinstance(update, dict):
            await self._update(update)
            return
        if method == "session/request_permission" and isinstance(params, dict):
            call = params.get("toolCall")
            if isinstance(call, dict):  # it may say more of the call than the updates do
                await self._update({**call, "sessionUpdate": "tool_call_update"})
        if isinstance(message.get("id", 0), int | str):
            await self._send_message.send(message)

    async def _update(self, update: Message) -> None:
        if not self.muted:
            await self._send_update.send(update)
