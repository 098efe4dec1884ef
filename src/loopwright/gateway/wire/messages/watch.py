"""Reading a message on its way through."""

from __future__ import annotations

from typing import Any

import msgspec

from loopwright.gateway.sse import SseEvent
from loopwright.gateway.wire._watching import count, error_text
from loopwright.gateway.wire.neutral import Seen
from loopwright.record import Usage

__all__ = ["MessagesWatcher"]

_GROWING = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}


class MessagesWatcher:
    """See `Watcher`."""

    def __init__(self) -> None:
        self.seen = Seen()
        self._message: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._blocks: dict[int, dict[str, Any]] = {}
        self._partial: dict[int, str] = {}

    def event(self, event: SseEvent) -> None:  # noqa: D102 - see Watcher
        try:
            value = msgspec.json.decode(event.data)
        except msgspec.DecodeError:
            return
        if isinstance(value, dict):
            self._event(value)

    def whole(self, value: Any) -> None:  # noqa: D102
        if not isinstance(value, dict):
            return
        self._take(value)
        self._count(value.get("usage"))
        self.seen.error = error_text(value) or self.seen.error
        self.seen.complete = "content" in value

    def assembled(self) -> Any:  # noqa: D102
        if not self._blocks:
            return self._message
        blocks = [self._finished(index) for index in sorted(self._blocks)]
        return self._message | {"content": blocks, "usage": self._usage}

    def _event(self, value: dict[str, Any]) -> None:
        kind, index = value.get("type"), count(value, "index")
        if kind == "message_start" and isinstance(value.get("message"), dict):
            self._take(value["message"])
        elif kind == "content_block_start" and isinstance(value.get("content_block"), dict):
            self._blocks[index] = dict(value["content_block"])
        elif kind == "content_block_delta" and isinstance(value.get("delta"), dict):
            self._grow(index, value["delta"])
        elif kind == "message_delta" and isinstance(value.get("delta"), dict):
            self._take(value["delta"])
        elif kind == "error":
            self.seen.error = error_text(value)
        self._count(value.get("usage"))
        self.seen.complete = self.seen.complete or kind == "message_stop"

    def _grow(self, index: int, delta: dict[str, Any]) -> None:
        self.seen.has_token = True
        kind = str(delta.get("type"))
        if kind == "input_json_delta":
            self._partial[index] = self._partial.get(index, "") + str(delta.get("partial_json", ""))
        self.seen.piece("text", delta.get("text"))
        self.seen.piece("reasoning", delta.get("thinking"))
        if kind in _GROWING and index in self._blocks:
            key = _GROWING[kind]
            self._blocks[index][key] = str(self._blocks[index].get(key, "")) + str(delta.get(key, ""))

    def _finished(self, index: int) -> dict[str, Any]:
        partial = self._partial.get(index)
        if not partial:
            return self._blocks[index]
        try:
            return self._blocks[index] | {"input": msgspec.json.decode(partial)}
        except msgspec.DecodeError:
            return self._blocks[index] | {"input": partial}

    def _take(self, message: dict[str, Any]) -> None:
        self._message = self._message | message
        self._count(message.get("usage"))
        if isinstance(message.get("model"), str):
            self.seen.model = message["model"]
        if isinstance(message.get("stop_reason"), str):
            self.seen.finish = message["stop_reason"]

    def _count(self, usage: Any) -> None:
        """Later counts replace earlier ones: the last event has the sums of the whole message."""
        if not isinstance(usage, dict):
            return
        self._usage |= {key: value for key, value in usage.items() if value is not None}
        self.seen.long_cache_writes = count(self._usage.get("cache_creation"), "ephemeral_1h_input_tokens")
        self.seen.usage = Usage(
            input_tokens=count(self._usage, "input_tokens"),
            output_tokens=count(self._usage, "output_tokens"),
            cache_read_tokens=count(self._usage, "cache_read_input_tokens"),
            cache_write_tokens=count(self._usage, "cache_creation_input_tokens"),
        )
        charged = self._usage.get("cost")
        self.seen.cost = float(charged) if isinstance(charged, int | float) else None
