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
    """A tool that the request offers. `namespace` is Codex's grouping of MCP tools; a custom tool takes text.

    `fields` are the names of its arguments.
    """

    name: str
    namespace: str = ""
    custom: bool = False
    fields: tuple[str, ...] = ()


class Ask(Struct, frozen=True):
    """A request, as far as a scripted model looks at it.

    `newest` is the text of everything after the model's last reply (tool results, user text); `opening` is the system
    text and the first user text; `dialogue` is the conversation as JSON values, for its digest; `max_output` is in
    tokens; `touched` are the paths that earlier tool calls named, for agents that want a file read before an edit;
    `begins` are the blocks of user text before the model's first reply; `spawned` are the results, among the newest
    input, of calls that started a sub-agent (responses API only).
    """

    tools: tuple[OfferedTool, ...]
    newest: str
    newest_user: str
    opening: str
    dialogue: Any
    max_output: int | None = None
    include_usage: bool = True
    touched: frozenset[str] = frozenset()
    begins: tuple[str, ...] = ()
    spawned: tuple[str, ...] = ()


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
    """What a watcher has learned of an answer so far. `cost` is what the provider itself charged, if it says.

    `fresh`, where it is a list, gets the pieces of `text` and `reasoning` as they come; whoever reads them clears it.
    """

    model: str = ""
    finish: str = ""
    error: str = ""
    usage: Usage | None = None
    long_cache_writes: int = 0
    cost: float | None = None
    has_token: bool = False
    complete: bool = False
    fresh: list[tuple[str, str]] | None = None

    def piece(self, kind: str, text: Any) -> None:
        """Take a piece of text or reasoning."""
        if self.fresh is not None and text and isinstance(text, str):
            self.fresh.append((kind, text))


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
    """One API: how its requests are read and its answers written.

    `final_status` is the HTTP status of an error after which the agents that speak this API ask no more.
    """

    api: Api
    path: str
    final_status: int

    def read(self, body: dict[str, Any]) -> Ask:
        """Understand a request.

        Raises:
            BadRequest: A field that must be there is missing or of another type.
        """
        ...

    def whole(self, reply: Reply) -> dict[str, Any]:
        """The reply as one JSON object."""
        ...

    def events(self, whole: dict[str, Any], ask: Ask) -> Iterator[bytes]:
        """An answer that is one JSON object as the events of a stream, each a complete SSE frame."""
        ...

    def error(self, status: int, message: str, code: str) -> dict[str, Any]:
        """An error in this API's own shape."""
        ...

    def watcher(self) -> Watcher:
        """A new reader of one answer."""
        ...
