"""Claude Code as an agent."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import anyio
from msgspec import structs

from loopwright.agents.claude.conversation import Conversation
from loopwright.agents.claude.stream import StreamReader
from loopwright.agents.claude.turns import TurnEnd, outcome_of
from loopwright.agents.lines import parse_object
from loopwright.agents.programs import check_program
from loopwright.agents.protocol import AgentCheck, AgentContext, AgentItem, AgentMemory, TurnOutcome
from loopwright.agents.recap import recap
from loopwright.record import PartAdded, TurnStarted

__all__ = ["ClaudeAgent"]

_INTERRUPT_SECONDS = 1.5
_STARTS = 3
_GO_ON = (
    "The last thing that you did was cut off: your process was ended in the middle of it. The files are as they were "
    "after the last call of yours whose result was recorded; what came after that may be lost. Look at them where it "
    "matters, and go on with your work."
)
_COMMAND = re.compile(r"\s*/[\w:-]+(\s|$)")
_INTERRUPT = {"type": "control_request", "request_id": "interrupt", "request": {"subtype": "interrupt"}}


class ClaudeAgent:
    """Follows the Agent protocol: one process of the CLI for all turns, started again where it has died.

    Prompts and messages of people are JSON lines on its standard input, so a message reaches the turn that goes on.
    """

    name = "claude"
    steers = True

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._opened: tuple[AgentContext, Conversation, StreamReader] | None = None
        self._end: TurnEnd | None = None
        self._before: TurnEnd | None = None
        self._history = ""
        self._outcome = TurnOutcome("finished")

    def check(self) -> AgentCheck:
        """Whether the CLI is here, and which version."""
        return check_program(self.name)

    async def prepare(self, context: AgentContext) -> None:
        """Start the CLI with a new session.

        Raises:
            MachineError: The CLI is missing or cannot be started.
        """
        conversation = await self._open(context, replies=0)
        await conversation.connected()

    async def resume(
        self, context: AgentContext, turns: list[TurnStarted], parts: list[PartAdded], memory: AgentMemory | None
    ) -> None:
        """Take up the session in the home, else the recorded one, else begin a new one with a recap of the record.

        Raises:
            MachineError: The CLI is missing or cannot be started.
        """
        conversation = await self._open(context, replies=max((part.reply or 0 for part in parts), default=0))
        self._history = recap(turns, parts)
        conversation.take_up(memory)
        await conversation.connected()

    def turn(self, prompt: str) -> AsyncIterator[AgentItem]:
        """One prompt, and everything until Claude Code yields.

        Raises:
            MachineError: It cannot be started, or it could not reach our MCP server.
        """
        return self._run(prompt)

    def unfinished_turn(self) -> AsyncIterator[AgentItem]:
        """Tell the resumed session that it was cut off, and to go on."""
        return self._run(_GO_ON)

    @property
    def outcome(self) -> TurnOutcome:
        """How the last turn ended."""
        return self._outcome

    async def steer(self, text: str) -> bool:
        """Send a message into the turn: the model reads it together with the next results of its tools."""
        end = self._end
        link = self._opened[1].link if self._opened else None
        if end is None or link is None or not link.alive:
            return False
        ident = str(uuid.uuid4())
        end.sent(ident)
        return await link.send(_message(text, ident))

    def memory(self) -> AgentMemory | None:
        """The id of the session, and its file as it is now."""
        return self._opened[1].memory() if self._opened else None

    async def close(self) -> None:
        """End the CLI and everything that it started."""
        if self._opened is not None:
            await self._opened[1].disconnect(gently=True)
            self._opened = None
        await self._stack.aclose()

    async def _open(self, context: AgentContext, replies: int) -> Conversation:
        await self.close()
        self._stack = AsyncExitStack()
        # The process outlives the turn that starts it, so its task belongs to the agent, not to the turn.
        tasks = await self._stack.enter_async_context(anyio.create_task_group())
        conversation = Conversation(context, tasks)
        reader = StreamReader(context.notice, context.on_delta, context.activity, replies)
        self._opened = (context, conversation, reader)
        return conversation

    @property
    def _parts(self) -> tuple[AgentContext, Conversation, StreamReader]:
        if self._opened is None:
            raise RuntimeError("prepare or resume comes before a turn")
        return self._opened

    async def _run(self, prompt: str) -> AsyncIterator[AgentItem]:
        context, _, _ = self._parts
        self._outcome = TurnOutcome("interrupted", "Claude Code was interrupted")
        context.activity.idle()
        try:
            line = await self._begin(prompt)
            while line is not None:
                for item in self._take(line):
                    yield item
                if self._over:
                    break
                line = await self._next()
            await self._finish(ended=line is None)
        finally:
            if self._end is not None:
                with anyio.CancelScope(shield=True):
                    await self._interrupt()
            context.activity.idle()
            if self._outcome.dead:
                context.activity.died(self._outcome.detail)

    async def _begin(self, prompt: str) -> bytes | None:
        """Give the prompt; the first line of the answer, or None where the CLI does not get that far.

        A process that has ended since the last turn is started again. A session that it cannot take up is replaced.
        """
        _, conversation, _ = self._parts
        for _ in range(_STARTS):
            link = await conversation.connected()
            fresh = not link.heard
            ident = str(uuid.uuid4())
            self._end = TurnEnd(ident, self._before)
            words = f"{self._history}\n\n{prompt}" if conversation.lost and self._history else prompt
            line = await link.line() if await link.send(_message(words, ident)) else None
            if line is not None and not (fresh and conversation.resumed and _refuses(line)):
                conversation.lost = ""
                return line
            if fresh and not conversation.resumed:
                return None
            if fresh:
                conversation.begin_anew("Claude Code refuses it")
            await conversation.disconnect(gently=False)
        return None

    async def _next(self) -> bytes | None:
        link = self._parts[1].link
        return None if link is None else await link.line()

    def _take(self, line: bytes) -> Iterator[AgentItem]:
        _, _, reader = self._parts
        value = parse_object(line)
        if value is None:
            yield reader.unreadable(line)
            return
        if self._end is not None:
            self._end.see(value)
        yield from reader.items(value)

    @property
    def _over(self) -> bool:
        return self._end is not None and self._end.over

    async def _finish(self, *, ended: bool) -> None:
        """Say how the turn ended; `ended` where the process did."""
        _, conversation, _ = self._parts
        end, self._end = self._end, None
        result = end.result if end is not None else None
        self._before = end
        told = TurnOutcome("error") if result is None else outcome_of(result)
        if not ended:
            self._outcome = told
            return
        how = "was not started" if conversation.link is None else await conversation.link.ending()
        if told.outcome == "interrupted":
            self._outcome = structs.replace(told, dead=True)
        else:
            self._outcome = TurnOutcome("error", f"Claude Code {how}", dead=True)

    async def _interrupt(self) -> None:
        """End the turn from our side: ask for it, and kill the process where it does not follow at once."""
        _, conversation, _ = self._parts
        link = conversation.link
        # It would take a message that still waits for the next prompt, and work on that, unrecorded.
        deaf = self._end is not None and self._end.unheard
        asked = link is not None and not deaf and await link.send(_INTERRUPT)
        with anyio.move_on_after(_INTERRUPT_SECONDS):
            while asked and not self._over and (line := await self._next()) is not None:
                for _ in self._take(line):
                    pass  # what an interrupted turn still says comes too late for the record
        if not self._over:
            await conversation.disconnect(gently=False)
        self._before, self._end = self._end, None


def _message(text: str, ident: str) -> dict[str, Any]:
    """One message of a user. What looks like a command of the CLI is a task all the same."""
    words = f"Your task: {text}" if _COMMAND.match(text) else text
    return {
        "type": "user",
        "message": {"role": "user", "content": words},
        "parent_tool_use_id": None,
        "session_id": "",
        "uuid": ident,
    }


def _refuses(line: bytes) -> bool:
    """Whether the first line of a process says that there is no such session."""
    value = parse_object(line)
    return value is not None and value.get("type") == "result" and value.get("is_error") is True
