"""A conversation in no API's form, and what a provider makes of it: one request, one reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from loopwright.record import Usage
from loopwright.runtime.calls import Call
from loopwright.runtime.tools.spec import ToolSpec

__all__ = [
    "Answered",
    "Api",
    "Chunk",
    "Entry",
    "ModelError",
    "ModelErrorKind",
    "OnText",
    "Params",
    "Prompt",
    "Reply",
    "Request",
    "Results",
    "Said",
]

Api = Literal["chat", "responses", "messages"]
ModelErrorKind = Literal["auth", "credit", "rate_limit", "context", "model", "request", "outage", "unreadable", "limit"]
OnText = Callable[[Literal["text", "reasoning"], str], None]


class Chunk(Struct, frozen=True):
    """A piece of the system prompt; `cache` asks the provider to cache everything up to its end."""

    text: str
    cache: bool = False


class Prompt(Struct, frozen=True, tag=True):
    """What a person, or the loop, says to the model."""

    text: str


class Reply(Struct, frozen=True, tag=True):
    """One reply of a model.

    `message` is what its API gave and wants back: an assistant message (chat), `{"output": [items]}` (responses), or
    `{"content": [blocks]}` (messages).
    """

    api: Api
    message: dict[str, Any]
    text: str = ""
    reasoning: str = ""
    calls: tuple[Call, ...] = ()
    finish_reason: str = ""
    usage: Usage | None = None
    model: str = ""


class Said(Struct, frozen=True, tag=True):
    """An assistant message that is only text: what the seed's turn strategies put into the model's own mouth."""

    text: str


class Answered(Struct, frozen=True):
    """The result of one of the provider's own calls."""

    call: Call
    text: str
    ok: bool = True


class Results(Struct, frozen=True, tag=True):
    """The results of all the provider's own calls of the reply before, in call order."""

    answers: tuple[Answered, ...]


Entry = Prompt | Reply | Said | Results


class Params(Struct, frozen=True):
    """Settings of a request; None is not sent. Those that an API does not have are refused when it is built."""

    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int | None = None
    parallel_tools: bool | None = None
    reasoning_effort: str | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    strict_tools: bool = False
    include: tuple[str, ...] = ()
    include_reasoning: bool = True
    store: bool | None = None
    thinking_budget: int | None = None
    cache_conversation: bool = False


class Request(Struct, frozen=True):
    """Everything that one request is made of."""

    model: str
    system: tuple[Chunk, ...]
    entries: tuple[Entry, ...]
    tools: tuple[ToolSpec, ...] = ()
    params: Params = Params()


class ModelError(Exception):
    """The model gave no reply that can be used; the text says why, for people.

    `kind` is `limit` where it was not asked, because a limit of the profile is reached.
    """

    def __init__(self, text: str, kind: ModelErrorKind = "request", retry_after: float | None = None) -> None:
        super().__init__(text)
        self.kind = kind
        self.retry_after = retry_after
