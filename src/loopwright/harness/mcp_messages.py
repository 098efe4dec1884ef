"""The few messages of the Model Context Protocol that a server with one tool needs.

Source: the protocol's specification (modelcontextprotocol.io), revisions 2024-11-05 to 2025-11-25: JSON-RPC 2.0, the
handshake `initialize`, `tools/list`, `tools/call`. Clients of later revisions fall back to the handshake.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

import loopwright

__all__ = [
    "CANCELLED",
    "INVALID_REQUEST",
    "BadMessage",
    "Message",
    "answer",
    "failed",
    "parse",
    "test_path_of",
    "tool_result",
]

INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
PARSE_ERROR = -32700
CANCELLED = -32800

TOOL_DESCRIPTION = (
    "Build the workspace as it is now in a fresh sandbox and run the tests. "
    'test_path: "" for everything, a suite ("basics"), a part of one ("basics/loops"), one test by its full id, '
    "or a pattern with *. The answer has counts and the first failures; name a single test to see it in full."
)
_TOOL = {
    "name": "run_tests",
    "description": TOOL_DESCRIPTION,
    "inputSchema": {"type": "object", "properties": {"test_path": {"type": "string", "default": ""}}},
}
# The newest comes last: it is offered to a client that asks for one that is not among them.
_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")


class Message(Struct, frozen=True):
    """A request (it has an id and a method), a notification (no id), or a client's own reply (no method)."""

    id: str | int | None = None
    method: str | None = None
    params: dict[str, Any] | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """The parameters, empty where there are none."""
        return self.params or {}


class BadMessage(Exception):
    """What came is no message; `reply` says so to its sender."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.reply = failed(None, code, why)


_decoder = msgspec.json.Decoder(Message)


def parse(body: bytes) -> Message:
    """Read one message.

    Raises:
        BadMessage: `body` is no JSON, or no JSON-RPC message.
    """
    try:
        return _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise BadMessage(INVALID_REQUEST, f"This is no JSON-RPC message: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadMessage(PARSE_ERROR, f"This is no JSON: {error}") from None


def test_path_of(call: Message) -> str:
    """The argument of a call of `run_tests`.

    Raises:
        ValueError: Another tool is called, or its argument is no string; the text says so.
    """
    name, arguments = call.arguments.get("name"), call.arguments.get("arguments") or {}
    if name != "run_tests":
        raise ValueError(f"There is no tool {name!r}; there is run_tests.")
    path = arguments.get("test_path", "") if isinstance(arguments, dict) else None
    if not isinstance(path, str):
        raise ValueError(f'run_tests takes {{"test_path": a string}}, not {arguments!r:.200}.')
    return path


def answer(message: Message) -> dict[str, Any] | None:
    """The reply to everything but a call; None where none is due."""
    if message.id is None or message.method is None:
        return None
    match message.method:
        case "initialize":
            return _replied(message, _about(message.arguments.get("protocolVersion")))
        case "tools/list":
            return _replied(message, {"tools": [_TOOL]})
        case "ping":
            return _replied(message, {})
        case unknown:
            why = f"There is no method {unknown!r:.200} here; there is one tool, run_tests."
            return failed(message.id, METHOD_NOT_FOUND, why)


def tool_result(call: Message, text: str, *, is_error: bool = False) -> dict[str, Any]:
    """The reply to `tools/call`."""
    return _replied(call, {"content": [{"type": "text", "text": text}], "isError": is_error})


def failed(identifier: str | int | None, code: int, why: str) -> dict[str, Any]:
    """The reply to a request that was not understood or not done."""
    return {"jsonrpc": "2.0", "id": identifier, "error": {"code": code, "message": why}}


def _about(asked: object) -> dict[str, Any]:
    spoken = asked if asked in _VERSIONS else _VERSIONS[-1]
    about = {"name": "loopwright", "version": loopwright.__version__}
    return {"protocolVersion": spoken, "capabilities": {"tools": {}}, "serverInfo": about}


def _replied(request: Message, result: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request.id, "result": result}
