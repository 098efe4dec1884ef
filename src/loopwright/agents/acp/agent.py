"""Any agent that speaks ACP, as an agent of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup

from loopwright.agents.acp.link import ENDED
from loopwright.agents.acp.merge import Merger
from loopwright.agents.acp.settings import AcpProgram, resolve
from loopwright.agents.opencode.notes import note_session, noted_session
from loopwright.agents.protocol import AgentCheck, AgentContext, AgentItem, AgentMemory, TurnOutcome
from loopwright.agents.recap import recap
from loopwright.base import LoopwrightError, MachineError
from loopwright.record import PartAdded, TurnStarted

if TYPE_CHECKING:
    from loopwright.agents.acp.session import AcpSession

__all__ = ["AcpAgent"]

_GO_ON = (
    "You were interrupted in the middle of your work: your process was ended from outside and started again. The files "
    "in the workspace are as they were after the last of your actions that was recorded{last}; what came after it is "
    "undone. Look at the files before you trust your memory of them, and go on with the task."
)


class AcpAgent:
    """Runs a program in a sandbox and speaks ACP to it.

    Args:
        command: The program and its arguments, as in a shell; `opencode` alone means `opencode acp`.

    `steer` never reaches a turn that goes on: the protocol has one prompt at a time, and no message beside it.
    """

    name = "acp"
    steers = False

    def __init__(self, command: str = "") -> None:
        self._command = command
        self._stack = AsyncExitStack()
        self._tasks: TaskGroup | None = None
        self._context: AgentContext | None = None
        self._program: AcpProgram | None = None
        self._session: AcpSession | None = None
        self._merger: Merger | None = None
        self._preface = ""
        self._last = ""
        self._outcome = TurnOutcome("finished")

    def check(self) -> AgentCheck:
        """Whether the program is here. Its version is not asked for, where that would start it."""
        try:
            program = resolve(self._command)
        except LoopwrightError as error:
            return AgentCheck(ok=False, version="", detail=error.what, remedy=error.remedy or "")
        return AgentCheck(ok=True, version=program.version, path=str(program.path), warning=program.warning)

    async def prepare(self, context: AgentContext) -> None:
        """Start the program, and a session.

        Raises:
            UsageError: `--agent acp:` names no command.
            MachineError: The program is not here, does not speak ACP, or wants a login.
        """
        await self._begin(context)
        session = await self._start()
        await session.new()
        self._note(session)

    async def resume(
        self, context: AgentContext, turns: list[TurnStarted], parts: list[PartAdded], memory: AgentMemory | None
    ) -> None:
        """Load the earlier session where the agent offers that and still has it; else begin a new one with a recap."""
        await self._begin(context)
        self._last = f" (part {parts[-1].part}: {parts[-1].summary})" if parts else ""
        session = await self._start()
        noted = noted_session(context.home) if context.home is not None else None
        known = noted or (memory.session_id if memory else None)
        if known is None or not await session.load(known):
            why = "there is no record of it" if known is None else "the agent cannot load it"
            context.notice("session_lost", f"The agent's session could not be taken up ({why}); a new one begins.")
            await session.new()
            self._preface = recap(turns, parts) + "\n\n"
        self._note(session)

    async def turn(self, prompt: str) -> AsyncIterator[AgentItem]:
        """One prompt, and everything until the agent yields."""
        context = self._started
        session, merger = await self._live()
        text, self._preface = self._preface + prompt, ""
        ended = False
        self._group.start_soon(session.prompt, text)
        try:
            while not ended:
                update = await session.link.updates.receive()
                ended = update is ENDED
                if not ended:
                    context.activity.heard()
                for item in merger.finish() if ended else merger.update(update):
                    yield item
        finally:
            with anyio.CancelScope(shield=True):
                await self._ended(session, ended)

    async def unfinished_turn(self) -> AsyncIterator[AgentItem]:
        """Tell the agent that it was interrupted, and let it go on."""
        async for item in self.turn(_GO_ON.format(last=self._last)):
            yield item

    @property
    def outcome(self) -> TurnOutcome:
        """How the last turn ended."""
        return self._outcome

    async def steer(self, text: str) -> bool:
        """It hears people at its next turn."""
        return False

    def memory(self) -> AgentMemory | None:
        """The session's id; what else the agent keeps is in its home, and only it knows where."""
        return AgentMemory(self._session.id) if self._session is not None and self._session.id else None

    async def close(self) -> None:
        """End the program and everything it started."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()
        await self._stack.aclose()
        self._tasks = None

    async def _begin(self, context: AgentContext) -> None:
        self._program = resolve(self._command)
        self._context = context
        self._tasks = await self._stack.enter_async_context(anyio.create_task_group())

    @property
    def _started(self) -> AgentContext:
        if self._context is None:
            raise RuntimeError("prepare or resume comes before a turn")
        return self._context

    @property
    def _group(self) -> TaskGroup:
        if self._tasks is None:
            raise RuntimeError("prepare or resume comes before a turn")
        return self._tasks

    async def _start(self) -> AcpSession:
        from loopwright.agents.acp.session import AcpSession

        if self._program is None:
            raise RuntimeError("prepare or resume comes before a turn")
        session = self._session = await AcpSession.start(self._group, self._started, self._program)
        context = self._started
        self._merger = Merger(context.notice, context.on_delta, context.activity, session.terminals.printed)
        return session

    async def _live(self) -> tuple[AcpSession, Merger]:
        """The session and its merger; in a new process, where the old one has died."""
        session = self._session
        if session is None or not session.alive:
            known = session.id if session is not None else ""
            session = await self._start()
            if not known or not await session.load(known):
                self._started.notice("session_lost", "The agent's session died with its process; a new one begins.")
                await session.new()
                self._preface = f"The task: {self._started.instruction}\n\n"
            self._note(session)
        if self._merger is None:
            raise MachineError("the agent was not started")
        return session, self._merger

    def _note(self, session: AcpSession) -> None:
        if self._started.home is not None:
            note_session(self._started.home, session.id)

    async def _ended(self, session: AcpSession, ended: bool) -> None:
        """Bring a turn to its end, however it was left."""
        if not ended and self._merger is not None:
            with anyio.move_on_after(3.0):
                self._group.start_soon(_drain, session)
                if not await session.cancel():
                    await session.close()  # it does not listen: the next turn has a new process
            self._merger.finish()
        session.terminals.kill_all()
        self._outcome = (session.outcome or TurnOutcome("interrupted")) if ended else TurnOutcome("interrupted")
        self._started.activity.idle()
        if self._outcome.dead:
            self._started.activity.died(self._outcome.detail)


async def _drain(session: AcpSession) -> None:
    """Take what still comes of an interrupted turn, which is not recorded."""
    while await session.link.updates.receive() is not ENDED:
        pass
