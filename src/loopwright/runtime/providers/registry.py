"""Which APIs there are, one line each."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from loopwright.record import Usage
from loopwright.runtime.providers._transport import Wire
from loopwright.runtime.providers.types import Api, Provider, Reply

__all__ = ["ADAPTERS", "open_provider", "read_reply"]

ADAPTERS: dict[Api, str] = {
    "chat": "loopwright.runtime.providers.chat:ChatProvider",
    "responses": "loopwright.runtime.providers.responses:ResponsesProvider",
    "messages": "loopwright.runtime.providers.anthropic_messages:MessagesProvider",
}


def open_provider(api: Api, wire: Wire) -> Provider:
    """A provider that speaks `api` over `wire`."""
    module, name = ADAPTERS[api].split(":")
    return cast(Provider, getattr(import_module(module), name)(wire))


def read_reply(
    api: Api, message: dict[str, Any], finish_reason: str = "", usage: Usage | None = None, model: str = ""
) -> Reply:
    """A recorded reply, from the `message` of the `Reply` that was recorded.

    Raises:
        ModelError: It calls a tool without a name or an id.
    """
    if api == "chat":
        from loopwright.runtime.providers.chat import read_chat_message

        return read_chat_message(message, finish_reason, usage, model)
    if api == "responses":
        from loopwright.runtime.providers.responses import read_response_items

        return read_response_items(message["output"], finish_reason, usage, model)
    from loopwright.runtime.providers.anthropic_messages import read_content

    return read_content(message["content"], finish_reason, usage, model)
