"""OpenCode as an agent: one server and one session for the whole trajectory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import anyio
from anyio.abc import TaskGroup, TaskStatus

from loopwright.agents.opencode.client import Client, ServerError
from loopwright.agents.opencode.memory import bring_back, exported, is_session
from loopwright.agents.opencode.notes import note_session, noted_session
from loopwright.agents.opencode.server import Server, open_server
from loopwright.agents.opencode.stream import Mapper
from loopwright.agents.opencode.turn import Turn
from loopwright.agents.programs import check_program
from loopwright.agents.protocol import AgentCheck, AgentContext, AgentItem, AgentMemory, TurnOutcome
from loopwright.agents.recap import recap
from loopwright.base import MachineError
from loopwright.record import PartAdded, TurnStarted

__all__ = ["OpenCodeAgent"]

_GO_ON = (
    "The process that you ran in was ended from outside in the middle of your work, and was started again. The files "
    "in the workspace are as they were after the last of your actions that was recorded{last}; what came after it is "
    "undone. Look at the files before you trust your memory of them, and go on with the task."
)


class OpenCodeAgent:
    """Runs `opencode serve` in a sandbox, and follows its events."""

    name = "opencode"
    steers = True

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._tasks: TaskGroup | None = None
        self._context: AgentContext | None = None
        self._server: Server | None = None
        self._session = ""
        self._mapper: Mapper | None = None
        self._prompts: set[str] = set()
        self._replies = 0
        self._preface = ""
        self._last = ""
        self._turn: Turn | None = None
        self._outcome = TurnOutcome("finished")
        self._memory: AgentMemory | None = None

    def check(self) -> AgentCheck:
        """Whether OpenCode is here, and which version."""
        return check_program("opencode")

    async def prepare(self, context: AgentContext) -> None:
        """Start the server, and a session.

        Raises:
            MachineError: OpenCode is not installed, or its server does not start.
        """
        await self._begin(context)
        await self._new_session(await self._live())

    async def resume(
        self, context: AgentContext, turns: list[TurnStarted], parts: list[PartAdded], memory: AgentMemory | None
    ) -> None:
        """Take the session up from OpenCode's home, else from the memory; else start a new one with a recap."""
        await self._begin(context)
        self._replies = max((part.reply for part in parts if part.reply is not None), default=0)
        self._last = f" (part {parts[-1].part}: {parts[-1].summary})" if parts else ""
        server = await self._live()
        problem = await self._take_up(server, memory)
        if problem:
            context.notice("session_lost", f"OpenCode's session could not be taken up ({problem}); a new one begins.")
            await self._new_session(server)
            self._preface = recap(turns, parts) + "\n\n"

    async def turn(self, prompt: str) -> AsyncIterator[AgentItem]:
        """One prompt, and everything until OpenCode yields."""
        context, server = self._started, await self._live()
        self._mapper = self._mapper or self._new_mapper()
        turn = self._turn = Turn(server, self._mapper, self._session, context, self._prompts)
        text, self._preface = self._preface + prompt, ""
        try:
            await turn.ask(text)
            async for item in turn.items():
                self._replies = max(self._replies, item.reply or 0)
                yield item
        except ServerError as error:
            turn.outcome = TurnOutcome("error", str(error), dead=server.ended is not None)
        finally:
            self._turn = None
            with anyio.CancelScope(shield=True):
                await self._ended(turn, server)

    async def unfinished_turn(self) -> AsyncIterator[AgentItem]:
        """Tell OpenCode that it was interrupted, and let it go on."""
        async for item in self.turn(_GO_ON.format(last=self._last)):
            yield item

    @property
    def outcome(self) -> TurnOutcome:
        """How the last turn ended."""
        return self._outcome

    async def steer(self, text: str) -> bool:
        """Tell it more; it reads it before its next reply. False where no turn is going on."""
        if self._turn is None:
            return False
        try:
            return await self._turn.ask(text)
        except ServerError:
            return False

    def memory(self) -> AgentMemory | None:
        """The session as it was at the end of the last turn, in a form that OpenCode can import."""
        return self._memory

    async def close(self) -> None:
        """End the server and everything in its sandbox."""
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()
        await self._stack.aclose()
        self._server = self._tasks = None

    async def _begin(self, context: AgentContext) -> None:
        self._context = context
        self._tasks = await self._stack.enter_async_context(anyio.create_task_group())

    @property
    def _started(self) -> AgentContext:
        if self._context is None:
            raise RuntimeError("prepare or resume comes before a turn")
        return self._context

    async def _live(self) -> Server:
        """The server; a new one, with the same home, where it has died."""
        if self._server is None or self._server.ended is not None:
            if self._tasks is None:
                raise RuntimeError("prepare or resume comes before a turn")
            self._server = await self._tasks.start(self._serve)
        return self._server

    async def _serve(self, *, task_status: TaskStatus[Server]) -> None:
        """Keep a server in a task of its own, so that it may be started in the middle of a turn."""
        async with open_server(self._started) as server:
            task_status.started(server)
            await server.done.wait()

    async def _new_session(self, server: Server) -> None:
        # A title of our own saves a call of the model to make one up.
        made = await _ask(server.client, "POST", "/session", {"title": "loopwright"})
        session = made.get("id") if isinstance(made, dict) else None
        if not is_session(session):
            raise MachineError("OpenCode did not start a session.")
        self._adopt_session(str(session))

    def _adopt_session(self, session: str) -> None:
        self._session, self._mapper = session, None
        self._memory = AgentMemory(session)
        if self._started.home is not None:
            note_session(self._started.home, session)

    async def _take_up(self, server: Server, memory: AgentMemory | None) -> str:
        """Find the session again; gives "" where it is there, else why not."""
        context = self._started
        noted = noted_session(context.home) if context.home is not None else None
        for session in (noted, memory.session_id if memory else None):
            if is_session(session) and await self._find(server, str(session)):
                return ""
        if memory is None or not is_session(memory.session_id):
            return "there is no record of it"
        problem = await bring_back(context, memory)
        return problem or ("" if await self._find(server, memory.session_id) else "OpenCode does not find it")

    async def _find(self, server: Server, session: str) -> bool:
        try:
            await server.client.ask("GET", f"/session/{session}")
            messages = await server.client.ask("GET", f"/session/{session}/message")
        except ServerError:
            return False
        self._adopt_session(session)
        self._mapper = self._new_mapper()
        self._mapper.know(messages)
        self._prompts = {str(one["info"]["id"]) for one in messages if one["info"]["role"] == "user"}
        return True

    def _new_mapper(self) -> Mapper:
        context = self._started
        return Mapper(self._session, self._replies, context.notice, context.on_delta, context.activity)

    async def _ended(self, turn: Turn, server: Server) -> None:
        """Bring a turn to its end, however it was left."""
        if not turn.over and not await turn.abort():
            server.done.set()  # it does not listen: the next turn has a new process
            server.ended = server.ended or "it did not stop when it was told to"
        self._outcome = turn.outcome
        self._started.activity.idle()
        if turn.outcome.dead:
            self._started.activity.died(turn.outcome.detail)
        if server.ended is None and turn.messages is not None:
            try:
                self._memory = await exported(server.client, self._session, turn.messages)
            except ServerError as error:
                self._started.notice("memory_not_kept", str(error))


async def _ask(client: Client, method: str, path: str, body: object) -> object:
    try:
        return await client.ask(method, path, body)
    except ServerError as error:
        raise MachineError(str(error)) from error
