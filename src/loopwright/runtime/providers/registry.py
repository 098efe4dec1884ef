"""Which APIs there are, one line each."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, cast

from loopwright.record import Usage
from loopwright.runtime.providers._replies import reply_of
from loopwright.runtime.providers._sdk import Provider
from loopwright.runtime.providers._transport import Wire
from loopwright.runtime.providers.types import Api, Reply, Request

__all__ = ["ADAPTERS", "body_of", "open_provider", "read_reply"]

ADAPTERS: dict[Api, str] = {
    "chat": "loopwright.runtime.providers.chat:ChatProvider",
    "responses": "loopwright.runtime.providers.responses:ResponsesProvider",
    "messages": "loopwright.runtime.providers.anthropic_messages:MessagesProvider",
}


def open_provider(api: Api, wire: Wire) -> Provider:
    """A provider that speaks `api` over `wire`."""
    return cast("type[Provider]", getattr(_module(api), ADAPTERS[api].split(":")[1]))(wire)


def body_of(api: Api, request: Request) -> dict[str, Any]:
    """What a request hands to the SDK of an API.

    Raises:
        ModelError: The API has no such setting.
    """
    return cast("dict[str, Any]", _module(api).request_body(request))


def read_reply(
    api: Api, message: dict[str, Any], finish_reason: str = "", usage: Usage | None = None, model: str = ""
) -> Reply:
    """A recorded reply, from the `message` of the `Reply` that was recorded.

    Raises:
        ModelError: It calls a tool without a name or an id.
    """
    return reply_of(api, _module(api).read, message, finish_reason, usage, model)


@cache  # a restored conversation asks once a reply
def _module(api: Api) -> ModuleType:
    return import_module(ADAPTERS[api].split(":")[0])
