"""One exchange with an agent: read its request, answer it, account for it, and notice when it hangs up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import anyio
import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from loopwright.gateway._activity import Activity
from loopwright.gateway._answered import answered_calls
from loopwright.gateway._call import Answer, Call
from loopwright.gateway._purpose import purpose_of
from loopwright.gateway.wire.neutral import Wire

if TYPE_CHECKING:
    from loopwright.gateway._core import Core

__all__ = ["ModelEndpoint", "NotAccepted", "read_object"]

_MOST_BYTES = 64 << 20


class NotAccepted(Exception):
    """The request cannot be read; holds the HTTP status and the reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class ModelEndpoint:
    """The endpoint of one API, as an ASGI application."""

    def __init__(self, wire: Wire, core: Core) -> None:
        self._wire = wire
        self._core = core

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        try:
            body, value = await read_object(request)
        except NotAccepted as error:
            await _send_whole(
                send, Answer.json(error.status, self._wire.error(error.status, str(error), "bad_request"))
            )
            return
        except ClientDisconnect:
            return
        call = Call(self._wire, value, body, dict(request.headers), scope["query_string"].decode("latin-1"))
        served = self._core.served_for(call.model_asked)
        call.model_sent = call.model_served = served.spec.name or call.model_asked
        call.backend, call.price_of = served.spec.backend, served.backend.price_of
        call.purpose, call.activity = purpose_of(call.headers, value), self._core.activity
        call.number = self._core.ledger.next_call + call.activity.in_flight
        # A title or what a sub-agent says is not what somebody who looks on wants to read as the agent's words.
        call.on_text = self._core.on_text if call.purpose == "turn" else None
        with call.activity.answering():
            await self._serve(call, value, receive, send)

    async def _serve(self, call: Call, value: dict[str, Any], receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(_cancel_when_gone, receive, group.cancel_scope)
            try:
                if self._core.before_call is not None:
                    # Tools of a sub-agent may be told of nowhere.
                    await self._core.before_call(answered_calls(value) if call.purpose == "turn" else frozenset())
                await self._answer(call, _noting(send, call.activity))
            finally:
                if not call.entered:
                    call.error = call.error or "The call was cut short: the agent hung up, or the run ended."
                    self._core.ledger.enter(call)
            group.cancel_scope.cancel()

    async def _answer(self, call: Call, send: Send) -> None:
        backend = self._core.served_for(call.model_asked).backend
        answer = self._core.ledger.refuse(call, self._core.limits()) or await backend.answer(call)
        call.status = answer.status
        if answer.events is None:
            self._core.ledger.enter(call)
            await _send_whole(send, answer)
            return
        if isinstance(answer.events, AsyncIterator):
            await _send_start(send, answer)
            await self._relay(call, answer.events, send)
        elif answer.ending == "end":
            await _send_start(send, answer)
            await self._play(call, answer.events, send)
        else:
            await self._break_off(call, answer, answer.events, send)

    async def _play(self, call: Call, events: Iterator[bytes], send: Send) -> None:
        frames = list(events)
        for frame in frames[:-1]:
            await send({"type": "http.response.body", "body": frame, "more_body": True})
        # Entered before the agent can see the end, so that no part of this reply is recorded before the call.
        self._core.ledger.enter(call)
        await send({"type": "http.response.body", "body": frames[-1], "more_body": False})

    async def _break_off(self, call: Call, answer: Answer, events: Iterator[bytes], send: Send) -> None:
        """Send the beginning of an answer, and never its end."""
        frames = list(events)
        if answer.headers:
            await _send_start(send, answer)
        for frame in frames:
            await send({"type": "http.response.body", "body": frame, "more_body": True})
        if answer.ending == "hang":
            await anyio.sleep_forever()
        self._core.ledger.enter(call)

    async def _relay(self, call: Call, events: AsyncIterator[bytes], send: Send) -> None:
        async with aclosing(events) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                if call.done:
                    self._core.ledger.enter(call)
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        self._core.ledger.enter(call)
        if not call.cut:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        # Otherwise the response stays without its end, so that the agent sees the cut that the provider made.


async def read_object(request: Request) -> tuple[bytes, dict[str, object]]:
    """The body of a request, and the JSON object that it must be.

    Raises:
        NotAccepted: It is too large, compressed, or not a JSON object.
        ClientDisconnect: The agent hung up.
    """
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise NotAccepted(415, f"content-encoding {encoding} is not served here; send the request uncompressed")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise NotAccepted(413, f"the request is over {_MOST_BYTES >> 20} MiB")
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise NotAccepted(400, f"the request is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise NotAccepted(400, "the request is not a JSON object")
    return bytes(body), value


async def _cancel_when_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


def _noting(send: Send, activity: Activity) -> Send:
    async def noting(message: Message) -> None:
        activity.touch()
        await send(message)

    return noting


async def _send_start(send: Send, answer: Answer) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


async def _send_whole(send: Send, answer: Answer) -> None:
    answer.headers["content-length"] = str(len(answer.body))
    await _send_start(send, answer)
    await send({"type": "http.response.body", "body": answer.body})
