"""One turn of OpenCode: a prompt, the events until it yields, and its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio

from loopwright.agents.opencode._pieces import dict_of, list_of
from loopwright.agents.opencode.client import ServerError
from loopwright.agents.opencode.mapping import words
from loopwright.agents.opencode.server import GAP, Server
from loopwright.agents.opencode.settings import MODEL, PROVIDER
from loopwright.agents.opencode.stream import Mapper
from loopwright.agents.protocol import AgentContext, AgentItem, TurnOutcome
from loopwright.base import one_line

__all__ = ["Turn"]

_HELD_SECONDS = 0.25
_ABORT_SECONDS = 2.0
_SETTLE_SECONDS = 3.0
_DIED = "loopwright.died"
_ABORTED = "MessageAbortedError"


class Turn:
    """Follows one turn.

    Args:
        prompts: Ids of all prompts that the session has had; new ones are added.

    Attributes:
        over: Whether OpenCode has yielded, or is dead.
        outcome: How it ended, once it is over.
        messages: All messages of the session, as listed at the end.
    """

    def __init__(self, server: Server, mapper: Mapper, session: str, context: AgentContext, prompts: set[str]) -> None:
        self._server, self._mapper, self._session, self._context = server, mapper, session, context
        self._prompts = prompts
        self._asking = anyio.Lock()
        self._unheard = 0
        self._unsettled = False
        self._error: tuple[str, str] | None = None
        self.over = False
        self.outcome = TurnOutcome("interrupted")
        self.messages: Any = None

    async def ask(self, text: str) -> bool:
        """Give OpenCode a prompt, or tell it more while it works; False where the turn is over.

        Raises:
            ServerError: The server refused.
        """
        async with self._asking:
            if self.over:
                return False
            model = {"providerID": PROVIDER, "modelID": MODEL}
            body = {"model": model, "parts": [{"type": "text", "text": text}]}
            self._unheard += 1
            try:
                await self._server.client.ask("POST", f"/session/{self._session}/prompt_async", body)
            except ServerError:
                self._unheard -= 1
                raise
            return True

    async def items(self) -> AsyncIterator[AgentItem]:
        """The items until OpenCode yields."""
        while not self.over:
            with anyio.move_on_after(self._patience) as waited:
                event = await self._next()
            for item in await self._waited() if waited.cancelled_caught else await self._take(event):
                yield item

    async def abort(self) -> bool:
        """Interrupt it, within 2 s; False where it does not obey. What it still tells is not recorded."""
        with anyio.move_on_after(_ABORT_SECONDS, shield=True):
            try:
                await self._server.client.ask("POST", f"/session/{self._session}/abort")
                while not self.over:
                    await self._take(await self._next())
            except ServerError:
                return False
        self._mapper.finish()
        return self.over

    @property
    def _patience(self) -> float | None:
        if self._mapper.holding:
            return _HELD_SECONDS
        return _SETTLE_SECONDS if self._unsettled else None

    async def _waited(self) -> list[AgentItem]:
        """Nothing came for a while."""
        if self._mapper.holding:
            return self._mapper.release()
        self._unsettled = False
        return await self._yielded()

    async def _next(self) -> dict[str, Any]:
        try:
            return await self._server.events.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            return {"type": _DIED}

    async def _take(self, event: dict[str, Any]) -> list[AgentItem]:
        """What an event means."""
        kind, properties = words(event.get("type")), dict_of(event.get("properties"))
        if kind not in _NO_SIGN_OF_LIFE:
            self._context.activity.heard()
        if "part" in properties:
            return self._mapper.part(properties["part"])
        handler = _HANDLERS.get(kind)
        return [] if handler is None else await handler(self, properties)

    async def _message(self, properties: dict[str, Any]) -> list[AgentItem]:
        info = dict_of(properties.get("info"))
        if info.get("sessionID") == self._session:
            if info.get("role") == "user":
                self._heard(words(info.get("id")))
            elif info.get("error") is not None:
                self._failed(info["error"])
            elif dict_of(info.get("time")).get("completed") is not None:
                self._error = None  # it went on after an error
        return self._mapper.message(info)

    def _heard(self, prompt: str) -> None:
        if prompt not in self._prompts:
            self._prompts.add(prompt)
            self._unheard = max(self._unheard - 1, 0)

    async def _delta(self, properties: dict[str, Any]) -> list[AgentItem]:
        self._mapper.delta(properties)
        return []

    async def _removed(self, properties: dict[str, Any]) -> list[AgentItem]:
        self._mapper.removed(properties)
        return []

    async def _status(self, properties: dict[str, Any]) -> list[AgentItem]:
        status = dict_of(properties.get("status"))
        if status.get("type") == "retry":
            why = one_line(words(status.get("message")))
            self._context.notice("agent_retry", f"OpenCode asks the model again (try {status.get('attempt')}): {why}")
        return []

    async def _broken(self, properties: dict[str, Any]) -> list[AgentItem]:
        if properties.get("sessionID") in (self._session, None):
            self._failed(properties.get("error"))
        return []

    def _failed(self, error: Any) -> None:
        name, said = words(dict_of(error).get("name")), dict_of(dict_of(error).get("data")).get("message")
        self._error = name, one_line(words(said) or name or "an error that OpenCode does not name", 500)

    async def _idle(self, properties: dict[str, Any]) -> list[AgentItem]:
        if properties.get("sessionID") != self._session:
            return []
        if self._unheard and self._error is None:
            self._unsettled = True  # it has yet to take note of what it was told, or an older turn ended
            return []
        return await self._yielded()

    async def _yielded(self) -> list[AgentItem]:
        """OpenCode says that it yields: it does, unless it was told something at the very end."""
        async with self._asking:
            try:
                states = dict_of(await self._server.client.ask("GET", "/session/status"))
            except ServerError:
                return []  # it is dead, which we will hear of next
            if dict_of(states.get(self._session)).get("type", "idle") != "idle":
                return []
            self.over = True
        items = await self._fill_in()
        self.outcome = self._account()
        return items + self._mapper.finish()

    async def _fill_in(self) -> list[AgentItem]:
        """What the events left out, if anything."""
        client, items = self._server.client, []
        try:
            for child in map(dict_of, list_of(await client.ask("GET", f"/session/{self._session}/children"))):
                if self._mapper.working(words(child.get("id"))):
                    items += self._mapper.listed(await client.ask("GET", f"/session/{child['id']}/message"))
            self.messages = await client.ask("GET", f"/session/{self._session}/message")
        except ServerError as error:
            self._context.notice("events_unchecked", f"The items of this turn could not be checked: {error}")
        return items + self._mapper.listed(self.messages)

    def _account(self) -> TurnOutcome:
        if self._error is None:
            return TurnOutcome("finished")
        name, said = self._error
        return TurnOutcome("interrupted", "aborted") if name == _ABORTED else TurnOutcome("error", said)

    async def _gap(self, _: dict[str, Any]) -> list[AgentItem]:
        self._mapper.gap()
        self._unsettled = True  # its end may be among what was missed
        return []

    async def _died(self, _: dict[str, Any]) -> list[AgentItem]:
        self.over = True
        why = self._server.ended or "its process ended"
        self._context.activity.died(why)
        self.outcome = TurnOutcome("error", f"OpenCode's server ended: {why}", dead=True)
        return self._mapper.finish()

    async def _permission(self, properties: dict[str, Any]) -> list[AgentItem]:
        what = one_line(words(properties.get("permission")), 80)
        self._context.notice("agent_permission", f"OpenCode asked for a permission and got it: {what}")
        await self._answer(f"/permission/{_safe(properties.get('id'))}/reply", {"reply": "always"})
        return []

    async def _question(self, properties: dict[str, Any]) -> list[AgentItem]:
        self._context.notice("agent_question", "OpenCode asked a question; nobody is here to answer it.")
        await self._answer(f"/question/{_safe(properties.get('id'))}/reject", {})
        return []

    async def _answer(self, path: str, body: dict[str, Any]) -> None:
        try:
            await self._server.client.ask("POST", path, body)
        except ServerError as error:
            self._context.notice("agent_waits", f"OpenCode waits for an answer that it does not take: {error}")


def _safe(name: Any) -> str:
    return "".join(letter for letter in words(name) if letter.isalnum() or letter == "_")


_NO_SIGN_OF_LIFE = ("server.heartbeat", "server.connected", GAP, _DIED)

_HANDLERS: dict[str, Callable[[Turn, dict[str, Any]], Awaitable[list[AgentItem]]]] = {
    # Whatever carries a part is taken for one, whatever its type. What is not here tells nothing of the agent's work.
    "message.updated": Turn._message,
    "message.part.delta": Turn._delta,
    "message.part.removed": Turn._removed,
    "session.status": Turn._status,
    "session.error": Turn._broken,
    "session.idle": Turn._idle,
    "permission.asked": Turn._permission,
    "question.asked": Turn._question,
    GAP: Turn._gap,
    _DIED: Turn._died,
}
