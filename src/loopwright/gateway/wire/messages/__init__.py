"""Anthropic messages: `POST /v1/messages`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loopwright.gateway.wire.messages import read, write
from loopwright.gateway.wire.messages.watch import MessagesWatcher
from loopwright.gateway.wire.neutral import Api, Ask, Reply

__all__ = ["CountTokensWire", "MessagesWire"]

_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class MessagesWire:
    """The messages API."""

    api: Api = "messages"
    path = "/messages"
    # Claude Code asks again six times, in other words, where it reads 400.
    final_status = 402

    def read(self, body: dict[str, Any]) -> Ask:  # noqa: D102 - see Wire
        return read.read(body)

    def whole(self, reply: Reply) -> dict[str, Any]:  # noqa: D102
        return write.whole(reply)

    def events(self, whole: dict[str, Any], ask: Ask) -> Iterator[bytes]:  # noqa: D102
        return write.events(whole)

    def error(self, status: int, message: str, code: str) -> dict[str, Any]:  # noqa: D102
        kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
        # Anthropic's errors have no code; an unknown field does not hurt, and says which limit it was.
        return {"type": "error", "error": {"type": kind, "message": message, "code": code}}

    def watcher(self) -> MessagesWatcher:  # noqa: D102
        return MessagesWatcher()


class CountTokensWire(MessagesWire):
    """The API that counts the tokens of a messages request; its answer is one number."""

    path = "/messages/count_tokens"
