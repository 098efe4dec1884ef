"""A client of `codex app-server`: JSON-RPC, one message a line, over its standard input and output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import msgspec
from anyio.abc import TaskGroup

from loopwright import __version__
from loopwright.agents.launching import Place
from loopwright.agents.lines import parse_object
from loopwright.agents.process import AgentProcess
from loopwright.base import one_line

__all__ = ["AppServer", "CodexGone", "Message", "Refused"]

Message = dict[str, Any]
_SECONDS = 120.0


class Refused(Exception):
    """Codex answered a request with an error; the text is Codex's own."""


class CodexGone(Exception):
    """The process has ended, or does not answer; the text says how."""


class _Answer:
    """A request that waits for its answer."""

    def __init__(self) -> None:
        self.done = anyio.Event()
        self.message: Message | None = None


class AppServer:
    """One `codex app-server`.

    Args:
        on_message: Gets each notification as it arrives (`method`, `params`), None when the process has ended.
        on_request: Answers a request of the server: gets `method` and `params`, gives the result, or None where it is
            of a kind that nobody here knows.
        on_garbage: Told of a line that is no JSON object.
    """

    def __init__(
        self,
        on_message: Callable[[Message | None], None],
        on_request: Callable[[str, Message], Any],
        on_garbage: Callable[[bytes], None],
    ) -> None:
        self._on_message = on_message
        self._on_request = on_request
        self._on_garbage = on_garbage
        self._waiting: dict[int, _Answer] = {}
        self._next = 0
        self._process: AgentProcess | None = None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.alive

    @property
    def ending(self) -> str:
        """How the process ended, in words."""
        return "" if self._process is None else f"codex {self._process.how_it_ended()}"

    async def start(self, tasks: TaskGroup, place: Place, argv: tuple[str, ...], env: dict[str, str]) -> None:
        """Start the process and shake hands.

        Raises:
            MachineError: The sandbox could not be started.
            CodexGone: The process ended, or is no app-server.
        """
        self._process = await AgentProcess.start(
            tasks, place, (*argv, "app-server"), env=env, on_line=self._hear, on_end=self._ended
        )
        client = {"name": "loopwright", "title": "Loopwright", "version": __version__}
        try:
            await self.request("initialize", {"clientInfo": client, "capabilities": {"experimentalApi": True}})
        except Refused as error:
            raise CodexGone(f"codex refused to start: {error}") from None
        await self._send({"method": "initialized"})

    async def request(self, method: str, params: Message, seconds: float = _SECONDS) -> Message:
        """Ask, and wait for the answer.

        Raises:
            Refused: The answer is an error.
            CodexGone: The process has ended, or there was no answer within `seconds`.
        """
        self._next += 1
        number, answer = self._next, _Answer()
        self._waiting[number] = answer
        try:
            if not await self._send({"id": number, "method": method, "params": params}):
                await self.close()
                raise CodexGone(self.ending)
            with anyio.move_on_after(seconds):
                await answer.done.wait()
        finally:
            self._waiting.pop(number, None)
        return self._result(method, answer.message, seconds)

    def _result(self, method: str, message: Message | None, seconds: float) -> Message:
        if message is None:
            raise CodexGone(f"codex did not answer to {method} within {seconds:.0f} s" if self.alive else self.ending)
        if "error" in message:
            error = message["error"]
            words = error.get("message") if isinstance(error, dict) else error
            raise Refused(one_line(str(words), 400))
        result = message.get("result")
        return result if isinstance(result, dict) else {}

    async def close(self) -> None:
        """End the process: it ends by itself when its input does, and by force a moment later."""
        if self._process is not None:
            with anyio.CancelScope(shield=True):
                await self._process.close_stdin()
                await self._process.close(grace=0.5)

    async def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            await self._process.close()

    async def _send(self, message: Message) -> bool:
        """Whether it could be written."""
        if self._process is None:
            return False
        try:
            await self._process.send(msgspec.json.encode(message) + b"\n")
        except anyio.BrokenResourceError:
            return False
        return True

    async def _hear(self, line: bytes) -> None:
        message = parse_object(line)
        if message is None:
            self._on_garbage(line)
        elif isinstance(message.get("method"), str):
            if "id" in message:
                await self._answer(message)
            else:
                self._on_message(message)
        elif isinstance(message.get("id"), int) and (answer := self._waiting.get(message["id"])) is not None:
            answer.message = message
            answer.done.set()

    async def _answer(self, message: Message) -> None:
        params = message.get("params")
        result = self._on_request(message["method"], params if isinstance(params, dict) else {})
        answer = {"error": {"code": -32601, "message": "not supported"}} if result is None else {"result": result}
        await self._send({"id": message["id"], **answer})  # where it cannot be written, the stream ends too

    def _ended(self) -> None:
        for answer in self._waiting.values():
            answer.done.set()
        self._on_message(None)
