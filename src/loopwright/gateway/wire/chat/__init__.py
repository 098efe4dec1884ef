"""OpenAI chat completions: `POST /v1/chat/completions`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loopwright.gateway.wire._openai_error import openai_error
from loopwright.gateway.wire.chat import read, write
from loopwright.gateway.wire.chat.watch import ChatWatcher
from loopwright.gateway.wire.neutral import Api, Ask, Reply

__all__ = ["ChatWire"]


class ChatWire:
    """The chat completions API."""

    api: Api = "chat"
    path = "/chat/completions"
    final_status = 400

    def read(self, body: dict[str, Any]) -> Ask:  # noqa: D102 - see Wire
        return read.read(body)

    def whole(self, reply: Reply) -> dict[str, Any]:  # noqa: D102
        return write.whole(reply)

    def events(self, whole: dict[str, Any], ask: Ask) -> Iterator[bytes]:  # noqa: D102
        return write.events(whole, include_usage=ask.include_usage)

    def error(self, status: int, message: str, code: str) -> dict[str, Any]:  # noqa: D102
        return openai_error(status, message, code)

    def watcher(self) -> ChatWatcher:  # noqa: D102
        return ChatWatcher()
