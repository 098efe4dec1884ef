"""Which APIs there are, one line each."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from loopwright.record import Usage
from loopwright.runtime.providers._replies import reply_of
from loopwright.runtime.providers._sdk import Provider
from loopwright.runtime.providers._transport import Wire
from loopwright.runtime.providers.types import Api, Reply

__all__ = ["ADAPTERS", "open_provider", "read_reply"]

ADAPTERS: dict[Api, str] = {
    "chat": "loopwright.runtime.providers.chat:ChatProvider",
    "responses": "loopwright.runtime.providers.responses:ResponsesProvider",
    "messages": "loopwright.runtime.providers.anthropic_messages:MessagesProvider",
}


def open_provider(api: Api, wire: Wire) -> Provider:
    """A provider that speaks `api` over `wire`."""
    module, name = ADAPTERS[api].split(":")
    return cast("type[Provider]", getattr(import_module(module), name))(wire)


def read_reply(
    api: Api, message: dict[str, Any], finish_reason: str = "", usage: Usage | None = None, model: str = ""
) -> Reply:
    """A recorded reply, from the `message` of the `Reply` that was recorded.

    Raises:
        ModelError: It calls a tool without a name or an id.
    """
    read = import_module(ADAPTERS[api].split(":")[0]).read
    return reply_of(api, read, message, finish_reason, usage, model)
