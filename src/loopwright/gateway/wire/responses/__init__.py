"""OpenAI responses: `POST /v1/responses`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loopwright.gateway.wire._openai_error import openai_error
from loopwright.gateway.wire.neutral import Api, Ask, Reply
from loopwright.gateway.wire.responses import read, write
from loopwright.gateway.wire.responses.stream import events
from loopwright.gateway.wire.responses.watch import ResponsesWatcher

__all__ = ["ResponsesWire"]


class ResponsesWire:
    """The responses API."""

    api: Api = "responses"
    path = "/responses"
    final_status = 400

    def read(self, body: dict[str, Any]) -> Ask:  # noqa: D102 - see Wire
        return read.read(body)

    def whole(self, reply: Reply) -> dict[str, Any]:  # noqa: D102
        return write.whole(reply)

    def events(self, whole: dict[str, Any], ask: Ask) -> Iterator[bytes]:  # noqa: D102
        return events(whole)

    def error(self, status: int, message: str, code: str) -> dict[str, Any]:  # noqa: D102
        return openai_error(status, message, code)

    def watcher(self) -> ResponsesWatcher:  # noqa: D102
        return ResponsesWatcher()
