"""How a turn is brought to Codex and its notifications come back, whichever of its two interfaces is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import anyio
from anyio.abc import TaskGroup

from loopwright.agents.codex.app_server import AppServer, CodexGone, Refused
from loopwright.agents.codex.asked import EXPECTED, answer_to
from loopwright.agents.codex.settings import APPROVAL
from loopwright.agents.launching import Place
from loopwright.base import one_line, valid

__all__ = ["Channel", "OnMessage", "ServerChannel"]

Message = dict[str, Any]
OnMessage = Callable[[Message | None], None]
Notice = Callable[[str, str], None]


class Channel(Protocol):
    """One conversation with Codex. `thread` is its id, "" before `open`."""

    thread: str

    @property
    def alive(self) -> bool:
        """Whether a turn can be started."""
        ...

    @property
    def ending(self) -> str:
        """How the process ended, in words."""
        ...

    async def open(self, thread: str | None) -> None:
        """Start the program, and a thread or the one of this id.

        Raises:
            MachineError: The sandbox could not be started.
            CodexGone: The program has ended.
            Refused: It does not know the thread, or something that it needs does not start.
        """
        ...

    async def begin(self, prompt: str) -> str:
        """Start a turn and return its id; raises as `open` does."""
        ...

    async def interrupt(self, turn: str) -> None:
        """Ask for the turn to end; raises as `open` does."""
        ...

    async def steer(self, turn: str, text: str) -> bool:
        """Add to the turn that is going on; False where that is not possible."""
        ...

    async def close(self) -> None:
        """End the program."""
        ...


class ServerChannel:
    """`codex app-server`: one process for the whole trajectory."""

    def __init__(
        self,
        tasks: TaskGroup,
        place: Place,
        argv: tuple[str, ...],
        env: dict[str, str],
        on_message: OnMessage,
        notice: Notice,
    ) -> None:
        self.thread = ""
        self._tasks = tasks
        self._place = place
        self._argv = argv
        self._env = env
        self._notice = notice
        self._server = AppServer(on_message, self._asked, self._garbage)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._server.alive

    @property
    def ending(self) -> str:
        """How the process ended, in words."""
        return self._server.ending

    async def open(self, thread: str | None) -> None:
        """Start the process, and a thread or the one of this id."""
        if not self._server.alive:
            await self._server.start(self._tasks, self._place, self._argv, self._env)
        how = {"cwd": self._place.workspace, "approvalPolicy": APPROVAL, "sandbox": "danger-full-access"}
        if thread is None:
            told = await self._server.request("thread/start", {**how, "experimentalRawEvents": True})
        else:
            told = await self._server.request("thread/resume", {**how, "threadId": thread, "excludeTurns": True})
        self.thread = _id_of(told, "thread")

    async def begin(self, prompt: str) -> str:
        """Start a turn."""
        told = await self._server.request("turn/start", {"threadId": self.thread, "input": _said(prompt)})
        return _id_of(told, "turn")

    async def interrupt(self, turn: str) -> None:
        """Ask for the turn to end."""
        await self._server.request("turn/interrupt", {"threadId": self.thread, "turnId": turn}, seconds=5)

    async def steer(self, turn: str, text: str) -> bool:
        """Add to the turn that is going on."""
        params = {"threadId": self.thread, "expectedTurnId": turn, "input": _said(text)}
        try:
            await self._server.request("turn/steer", params, seconds=10)
        except (Refused, CodexGone):
            return False
        return True

    async def close(self) -> None:
        """End the process."""
        with anyio.CancelScope(shield=True):
            await self._server.close()

    def _asked(self, method: str, params: Message) -> Any:
        answer, words = answer_to(method, params)
        if method not in EXPECTED:
            self._notice("codex_asked", words)
        return answer

    def _garbage(self, line: bytes) -> None:
        self._notice("codex_garbage", f"Codex wrote a line that is no message: {one_line(repr(line[:200]))}")


def _said(text: str) -> list[Message]:
    return [{"type": "text", "text": valid(text)}]


def _id_of(told: Message, what: str) -> str:
    inner = told.get(what)
    ident = inner.get("id") if isinstance(inner, dict) else None
    if not isinstance(ident, str) or not ident:
        raise CodexGone(f"codex named no {what}")
    return ident
