"""`run_tests` as an MCP tool over streamable HTTP, for agents that speak MCP.

By hand, and not by the SDK, which takes a third of a second and 40 MB to import in each run: docs/decisions/014.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import anyio
import msgspec

from loopwright.harness import mcp_messages as messages
from loopwright.harness.mcp_messages import BadMessage, Message

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["mcp_app"]

_LOCAL = ("127.0.0.1", "localhost", "[::1]")
_LARGEST = 1 << 20  # bytes of a message: the longest honest one is a test path
_PING_SECONDS = 15.0


def mcp_app(run_tests: Callable[[str], Awaitable[str]]) -> ASGIApp:
    """The MCP endpoint for a server of ours, to be routed (`Route("/mcp", endpoint=app)`).

    Requests are answered only where their Host is this machine, any port.

    Args:
        run_tests: Grades a test path and gives the agent's text. It may take as long as it takes: the stream carries
            a comment every 15 s, so that neither side sees it idle. A client that goes away does not end it; one that
            cancels its call does.
    """
    return _Endpoint(run_tests)


class _Endpoint:
    def __init__(self, run_tests: Callable[[str], Awaitable[str]]) -> None:
        self._run_tests = run_tests
        self._sessions = 0
        # Calls that run, by the session and the id that the client gave them.
        self._running: dict[tuple[str, str | int | None], anyio.CancelScope] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from starlette.requests import Request
        from starlette.responses import Response

        request = Request(scope, receive)
        if refusal := _refusal(request):
            return await Response(*refusal, headers={"allow": "POST"})(scope, receive, send)
        try:
            message = messages.parse(await _body(request))
        except BadMessage as bad:
            return await _json(bad.reply, status=400)(scope, receive, send)
        session = request.headers.get("mcp-session-id", "")
        if message.method == "tools/call" and message.id is not None:
            return await self._stream(message, session, send)
        if message.method == "notifications/cancelled":
            self._cancel(session, message.arguments.get("requestId"))
        await self._at_once(message)(scope, receive, send)

    def _at_once(self, message: Message) -> ASGIApp:
        from starlette.responses import Response

        reply = messages.answer(message)
        if reply is None:
            return Response(status_code=202)
        if message.method != "initialize":
            return _json(reply)
        self._sessions += 1
        return _json(reply, headers={"mcp-session-id": str(self._sessions)})

    def _cancel(self, session: str, call: object) -> None:
        running = self._running.get((session, call)) if isinstance(call, str | int) else None
        if running:
            running.cancel()

    async def _stream(self, call: Message, session: str, send: Send) -> None:
        """Answer a call when its tests have run, and say until then that they do."""
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_ping, send)
            reply = await self._called(call, session)
            tasks.cancel_scope.cancel()
        event = b"event: message\ndata: " + msgspec.json.encode(reply) + b"\n\n"
        await send({"type": "http.response.body", "body": event})

    async def _called(self, call: Message, session: str) -> dict[str, Any]:
        try:
            path = messages.test_path_of(call)
        except ValueError as error:
            return messages.tool_result(call, str(error), is_error=True)
        key = (session, call.id)
        with anyio.CancelScope() as scope:
            self._running[key] = scope
            try:
                return messages.tool_result(call, await self._run_tests(path))
            except Exception as error:  # noqa: BLE001 - whatever the tests failed by, the agent waits for an answer
                return messages.tool_result(call, f"run_tests failed: {error}", is_error=True)
            finally:
                self._running.pop(key, None)
        return messages.failed(call.id, messages.CANCELLED, "This call was cancelled.")


def _refusal(request: Request) -> tuple[str, int] | None:
    """Why a request is not read at all, and the status that says so."""
    host, origin = request.headers.get("host", ""), request.headers.get("origin", "")
    if not _is_local(host):
        return "MCP is served to this machine only.", 421
    if origin and not _is_local(origin.removeprefix("http://")):
        return "MCP is not served to pages of other machines.", 403
    if request.method != "POST":
        return "There is nothing to listen to here: a call is answered where it is made.", 405
    return None


def _is_local(host: str) -> bool:
    name, colon, port = host.rpartition(":")
    return host in _LOCAL or (bool(colon) and name in _LOCAL and port.isdigit())


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            raise BadMessage(messages.INVALID_REQUEST, f"A message may have {_LARGEST} bytes.")
    return bytes(body)


async def _ping(send: Send) -> None:
    while True:
        await anyio.sleep(_PING_SECONDS)
        await send({"type": "http.response.body", "body": b": tests run\n\n", "more_body": True})


def _json(reply: dict[str, Any], *, status: int = 200, headers: dict[str, str] | None = None) -> ASGIApp:
    from starlette.responses import Response

    return Response(msgspec.json.encode(reply), status, headers, media_type="application/json")
