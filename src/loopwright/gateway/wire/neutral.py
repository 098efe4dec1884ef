"""What a request asks and what a reply says, in no particular wire format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, Protocol

from msgspec import Struct

from loopwright.gateway.sse import SseEvent
from loopwright.record import Usage

__all__ = ["Api", "Ask", "BadRequest", "OfferedTool", "Reply", "ReplyCall", "Seen", "Watcher", "Wire"]

Api = Literal["chat", "responses", "messages"]


class BadRequest(Exception):
    """The request is not one of its API; the text says why, for the agent."""


class OfferedTool(Struct, frozen=True):
    """A tool that the request offers. `namespace` is Codex's grouping of MCP tools; a custom tool takes text."""

    name: str
    namespace: str = ""
    custom: bool = False


class Ask(Struct, frozen=True):
    """A request, as far as a scripted model looks at it.

    `newest` is the text of everything after the model's last reply (tool results, user text); `opening` is the system
    text and the first user text; `dialogue` is the conversation as JSON values, for its digest; `max_output` is in
    tokens; `touched` are the paths that earlier tool calls named, for agents that want a file read before an edit.
    """

    tools: tuple[OfferedTool, ...]
    newest: str
    newest_user: str
    opening: str
    dialogue: Any
    max_output: int | None = None
    include_usage: bool = True
    touched: frozenset[str] = frozenset()


class ReplyCall(Struct, frozen=True):
    """One tool call. `arguments` is a JSON object, or plain text where the tool is custom."""

    call_id: str
    name: str
    arguments: dict[str, Any] | str
    namespace: str = ""


class Reply(Struct, frozen=True):
    """One reply of a model. `ident` is unique within the run and free of characters that an API would refuse."""

    ident: str
    model: str
    think: str
    say: str
    calls: tuple[ReplyCall, ...]
    usage: Usage


class Seen(Struct):
    """What a watcher has learned of an answer so far. `cost` is what the provider itself charged, if it says."""

    model: str = ""
    finish: str = ""
    error: str = ""
    usage: Usage | None = None
    long_cache_writes: int = 0
    cost: float | None = None
    has_token: bool = False
    complete: bool = False


class Watcher(Protocol):
    """Reads an answer on its way through."""

    seen: Seen

    def event(self, event: SseEvent) -> None:
        """Take note of one event of a stream."""
        ...

    def whole(self, value: Any) -> None:
        """Take note of an answer that is one JSON object."""
        ...

    def assembled(self) -> Any:
        """The answer as one JSON object, as far as it was seen."""
        ...


class Wire(Protocol):
    """One API: how its requests are read and its answers written."""

    api: Api
    path: str

    def read(self, body: dict[str, Any]) -> Ask:
        """Understand a request.

        Raises:
            BadRequest: A field that must be there is missing or of another type.
        """
        ...

    def whole(self, reply: Reply) -> dict[str, Any]:
        """The reply as one JSON object."""
        ...

    def events(self, reply: Reply, ask: Ask) -> Iterator[bytes]:
        """The reply as the events of a stream, each a complete SSE frame."""
        ...

    def error(self, status: int, message: str, code: str) -> dict[str, Any]:
        """An error in this API's own shape."""
        ...

    def watcher(self) -> Watcher:
        """A new reader of one answer."""
        ...
