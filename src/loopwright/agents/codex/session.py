"""A session with Codex: its threads over restarts, its turns as items, and how a turn ends."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import TaskGroup

from loopwright.agents.codex.app_server import CodexGone, Refused
from loopwright.agents.codex.channel import Channel, ServerChannel
from loopwright.agents.codex.exec_json import ExecChannel
from loopwright.agents.codex.known_models import read_models
from loopwright.agents.codex.mapping import text_of
from loopwright.agents.codex.memory import newest_thread, put_back, remember, take_memory
from loopwright.agents.codex.settings import ENVIRONMENT, catalog_for, write_settings
from loopwright.agents.codex.side import Side
from loopwright.agents.codex.stream import ItemStream
from loopwright.agents.launching import open_place
from loopwright.agents.programs import find
from loopwright.agents.protocol import AgentContext, AgentItem, AgentMemory, TurnOutcome
from loopwright.base import MachineError, one_line

__all__ = ["Session"]

Message = dict[str, Any]
_INTERRUPT_SECONDS = 5.0


class Session:
    """Codex in its place, with one thread at a time. Open it with `open`.

    Attributes:
        outcome: How the last turn ended.
    """

    def __init__(self, context: AgentContext, home: Path, workspace: str, replies: int) -> None:
        self.outcome = TurnOutcome("error", "no turn was begun")
        self._context = context
        self._home = home
        self._workspace = workspace
        self._replies = replies
        self._side = Side(context)
        self._send, self._receive = anyio.create_memory_object_stream[Message | None](math.inf)
        self._channels: list[Channel] = []
        self._thread = ""
        self._stream = ItemStream("", None, workspace, context.notice)
        self._turn: str | None = None

    @classmethod
    async def open(cls, context: AgentContext, tasks: TaskGroup, replies: int) -> Session:
        """Find the program and write its settings; nothing of it runs yet.

        Args:
            tasks: Where the process is looked after.
            replies: How many replies of the model there were before.

        Raises:
            MachineError: The program is missing, too old, or fails at its start; or its home cannot be written.
        """
        program = find("codex")
        if program.warning:
            context.notice("untested_version", program.warning)
        place = open_place(context, program.folder)
        assert context.home is not None  # else open_place had refused
        session = cls(context, context.home, place.workspace, replies)
        argv = program.argv(place.programs)
        catalog = catalog_for(context.model, await read_models(place, argv, program, context.cache))
        if catalog is None:
            context.notice("codex_catalog", "This version of Codex names no models: its tools may differ.")
        try:
            write_settings(context.home, place, context.model, catalog)
        except OSError as error:
            raise MachineError(f"Codex's settings could not be written: {error}", where=str(context.home)) from None
        for kind in (ServerChannel, ExecChannel):
            session._channels.append(kind(tasks, place, argv, ENVIRONMENT, session._hear, context.notice))
        return session

    @property
    def _channel(self) -> Channel:
        return self._channels[0]

    async def start(self) -> None:
        """Start Codex with a new thread.

        Raises:
            MachineError: It does not start, or something that it needs does not.
        """
        try:
            await self._open_thread(None)
        except (Refused, CodexGone) as error:
            raise MachineError(f"Codex could not be started: {error}") from None

    async def take_up(self, memory: AgentMemory | None) -> bool:
        """Whether a thread could be resumed: the one in the agent's home, or the one that was recorded."""
        thread = newest_thread(self._home)
        if thread is not None and await self._resumed(thread):
            return True
        if memory is None or not memory.session_id or not memory.files:
            return False
        try:
            put_back(self._home, memory.files)
        except OSError as error:
            self._context.notice("codex_home", f"Codex's memory could not be put back: {error}")
            return False
        return await self._resumed(memory.session_id)

    def memory(self) -> AgentMemory | None:
        """The thread's id and its rollout, as of now."""
        return take_memory(self._home, self._thread) if self._thread else None

    async def steer(self, text: str) -> bool:
        """Add to the turn that is going on."""
        return self._turn is not None and await self._channel.steer(self._turn, text)

    async def close(self) -> None:
        """End the process."""
        await self._channel.close()

    async def turn(self, prompt: str) -> AsyncIterator[AgentItem]:
        """One prompt, and the items until Codex yields."""
        self.outcome = TurnOutcome("interrupted", "the turn was ended from outside")
        turn = await self._begin(prompt)
        over = turn is None
        try:
            while turn is not None and not over:
                message = await self._receive.receive()
                over = self._ends(message, turn)
                for item in self._items(message, over=over):
                    yield item
        finally:
            self._turn = None
            if turn is not None and not over:
                await self._interrupt(turn)
            if not self.outcome.dead:
                self._context.activity.idle()

    async def _open_thread(self, thread: str | None) -> None:
        try:
            await self._channel.open(thread)
        except CodexGone as error:
            if len(self._channels) == 1 or not _lacks_app_server(str(error)):
                raise
            self._context.notice(
                "codex_exec",
                "This Codex has no app-server: `codex exec` is used, which tells less and cannot be steered.",
            )
            del self._channels[0]
            self._forget_waiting()
            await self._channel.open(thread)
        self._follow(self._channel.thread)

    def _follow(self, thread: str) -> None:
        """Whatever comes from now on is of this thread, or of its sub-agents."""
        if thread != self._thread or not self._stream.thread:
            replies = self._replies if isinstance(self._channel, ServerChannel) else None
            self._stream = ItemStream(thread, replies, self._workspace, self._context.notice)
        self._thread = thread
        if thread:
            try:
                remember(self._home, thread)
            except OSError as error:
                self._context.notice("codex_home", f"Codex's thread could not be written down: {error}")

    async def _resumed(self, thread: str) -> bool:
        try:
            await self._open_thread(thread)
        except (Refused, CodexGone) as error:
            self._context.notice("codex_resume", f"Codex could not resume its thread: {error}")
            return False
        return True

    def _hear(self, message: Message | None) -> None:
        """Pass on what completes items or a turn; what is only for watchers goes no further than here."""
        self._context.activity.heard()
        if message is None or not self._side.take(message):
            self._send.send_nowait(message)

    async def _begin(self, prompt: str) -> str | None:
        """Start a turn; None where that failed, which `outcome` says."""
        try:
            if not self._channel.alive:
                await self._restart()
            self._stream.new_turn()
            self._turn = await self._channel.begin(prompt)
        except (Refused, CodexGone) as error:
            self._fail(str(error))
            return None
        if self._channel.thread != self._thread:
            self._follow(self._channel.thread)
        return self._turn

    async def _restart(self) -> None:
        self._forget_waiting()
        self._context.notice("codex_restarted", f"{self._channel.ending}; it is started again with its thread.")
        await self._open_thread(self._thread or None)

    def _forget_waiting(self) -> None:
        """Drop the last words of a process that has ended."""
        while self._receive.statistics().current_buffer_used:
            self._receive.receive_nowait()

    def _items(self, message: Message | None, *, over: bool) -> Iterator[AgentItem]:
        if message is not None:
            yield from self._stream.take(message)
        if over:
            yield from self._stream.rest()

    def _ends(self, message: Message | None, turn: str) -> bool:
        """Whether this ends the turn; then the outcome is known."""
        if message is None:
            self._fail(f"{self._channel.ending}, in the middle of a turn")
            return True
        params = message.get("params")
        if message.get("method") != "turn/completed" or not isinstance(params, dict):
            return False
        told = params.get("turn")
        if not isinstance(told, dict) or told.get("id") != turn:
            return False
        self.outcome = _outcome(told)
        return True

    def _fail(self, detail: str) -> None:
        dead = not self._channel.alive
        self.outcome = TurnOutcome("error", detail, dead=dead)
        if dead:
            self._context.activity.died(detail)

    async def _interrupt(self, turn: str) -> None:
        """End the turn, so that the next one can begin; where Codex does not, end Codex."""
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(_INTERRUPT_SECONDS):
                try:
                    await self._channel.interrupt(turn)
                    while not self._ends(await self._receive.receive(), turn):
                        pass
                except (Refused, CodexGone) as error:
                    self._fail(str(error))
                else:
                    return
            await self._channel.close()


def _lacks_app_server(text: str) -> bool:
    return "exit code 2" in text and "app-server" in text


def _outcome(turn: Message) -> TurnOutcome:
    status, error = turn.get("status"), turn.get("error")
    if status == "completed":
        return TurnOutcome("finished")
    if status == "interrupted":
        return TurnOutcome("interrupted")
    words = text_of(error.get("message")) if isinstance(error, dict) else ""
    return TurnOutcome("error", one_line(_inner(words), 400) or f"the turn ended as {status!r}")


def _inner(words: str) -> str:
    """The message of an API's error, where Codex quotes the whole answer."""
    try:
        return text_of(json.loads(words)["error"]["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return words
