"""Reading a response on its way through."""

from __future__ import annotations

from typing import Any

import msgspec

from loopwright.gateway.sse import SseEvent
from loopwright.gateway.wire._watching import count, error_text, openai_usage
from loopwright.gateway.wire.neutral import Seen

__all__ = ["ResponsesWatcher"]

_PIECES = {
    "response.output_text.delta": "text",
    "response.reasoning_summary_text.delta": "reasoning",
    "response.reasoning_text.delta": "reasoning",
}
_LAST = ("response.completed", "response.failed", "response.incomplete")


class ResponsesWatcher:
    """See `Watcher`."""

    def __init__(self) -> None:
        self.seen = Seen()
        self._response: dict[str, Any] = {}
        self._items: dict[int, Any] = {}

    def event(self, event: SseEvent) -> None:  # noqa: D102 - see Watcher
        try:
            value = msgspec.json.decode(event.data)
        except msgspec.DecodeError:
            return
        if not isinstance(value, dict):
            return
        kind = str(value.get("type", ""))
        if isinstance(value.get("response"), dict):
            self._take(value["response"])
        if kind in ("response.output_item.added", "response.output_item.done"):
            self._items[count(value, "output_index")] = value.get("item")
        if kind == "error":
            self.seen.error = str(value.get("message") or error_text(value))
        if kind.endswith(".delta"):
            self.seen.has_token = True
            self.seen.piece(_PIECES.get(kind, ""), value.get("delta") if kind in _PIECES else None)
        self.seen.complete = self.seen.complete or kind in _LAST

    def whole(self, value: Any) -> None:  # noqa: D102
        if isinstance(value, dict):
            self._take(value)
            self.seen.complete = "output" in value

    def assembled(self) -> Any:  # noqa: D102
        if self._response.get("output") or not self._items:
            return self._response
        return self._response | {"output": [self._items[index] for index in sorted(self._items)]}

    def _take(self, response: dict[str, Any]) -> None:
        self._response = response
        if isinstance(response.get("model"), str):
            self.seen.model = response["model"]
        usage = response.get("usage")
        if isinstance(usage, dict):
            self.seen.usage = openai_usage(usage, "input", "output")
            charged = usage.get("cost")
            self.seen.cost = float(charged) if isinstance(charged, int | float) else None
        status = response.get("status")
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        if isinstance(status, str) and status != "in_progress":
            self.seen.finish = str(reason or status)
        self.seen.error = error_text(response) or self.seen.error
