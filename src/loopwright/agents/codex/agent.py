"""The agent: what the Agent protocol wants, done by a session."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import anyio

from loopwright.agents.codex.session import Session
from loopwright.agents.programs import check_program
from loopwright.agents.protocol import AgentCheck, AgentContext, AgentItem, AgentMemory, TurnOutcome
from loopwright.agents.recap import recap
from loopwright.record import PartAdded, TurnStarted

__all__ = ["CodexAgent"]

_INTERRUPTED = (
    "You were interrupted in the middle of this turn: the process that runs you ended and was started again. "
    "The files in the workspace are as they were after the last thing that was recorded; what was done after that, "
    "and whatever was running, is gone. Look at the files where you are not sure, and go on with the task."
)


class CodexAgent:
    """Follows the Agent protocol with `codex app-server`, or `codex exec` where a version has no app-server.

    `prepare` (or `resume`) and `close` are called from one task, and what that task opens in between it closes in
    between: Codex's process is looked after by a task of its own.
    """

    name = "codex"
    steers = True

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._session: Session | None = None
        self._recap = ""
        self._unsent: str | None = None

    def check(self) -> AgentCheck:
        """Whether the program is here, and which version."""
        return check_program("codex")

    async def prepare(self, context: AgentContext) -> None:
        """Start Codex and a new thread.

        Raises:
            MachineError: The program is missing, too old, or does not start; or the MCP server does not.
        """
        session = await self._open(context, replies=0)
        await session.start()

    async def resume(
        self, context: AgentContext, turns: list[TurnStarted], parts: list[PartAdded], memory: AgentMemory | None
    ) -> None:
        """Start Codex with the thread that it left in its home, or the one that was recorded, or a new one.

        Raises:
            MachineError: As `prepare`.
        """
        session = await self._open(context, replies=max((part.reply or 0 for part in parts), default=0))
        if turns and not any(part.turn == turns[-1].turn for part in parts):
            self._unsent = str(turns[-1].prompt.value)
        if await session.take_up(memory):
            return
        await session.start()
        if parts:
            self._recap = recap(turns, parts)
            context.notice(
                "session_lost",
                "Codex's own memory of this trajectory is gone or cannot be used: it goes on in a new session, with a "
                "summary of the record.",
            )

    def turn(self, prompt: str) -> AsyncIterator[AgentItem]:
        """One prompt, and everything until Codex yields."""
        if self._recap:
            prompt, self._recap = f"{self._recap}\n\n{prompt}", ""
        return self._opened.turn(prompt)

    def unfinished_turn(self) -> AsyncIterator[AgentItem]:
        """Tell Codex that it was interrupted, and let it go on; a prompt that left no trace is given again."""
        return self.turn(self._unsent or _INTERRUPTED)

    @property
    def outcome(self) -> TurnOutcome:
        """How the last turn ended."""
        return self._opened.outcome

    async def steer(self, text: str) -> bool:
        """Add to the turn that is going on."""
        return self._session is not None and await self._session.steer(text)

    def memory(self) -> AgentMemory | None:
        """The thread's id, and its rollout."""
        return None if self._session is None else self._session.memory()

    async def close(self) -> None:
        """End Codex and everything that it started."""
        await self._stack.aclose()

    async def _open(self, context: AgentContext, replies: int) -> Session:
        tasks = await self._stack.enter_async_context(anyio.create_task_group())
        self._session = await Session.open(context, tasks, replies)
        self._stack.push_async_callback(self._session.close)
        return self._session

    @property
    def _opened(self) -> Session:
        if self._session is None:
            raise RuntimeError("prepare or resume comes before a turn")
        return self._session
