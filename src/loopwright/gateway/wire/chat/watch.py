"""Reading a chat completion on its way through."""

from __future__ import annotations

from typing import Any

import msgspec

from loopwright.gateway.sse import SseEvent
from loopwright.gateway.wire._watching import count, error_text, merge, openai_usage
from loopwright.gateway.wire.neutral import Seen

__all__ = ["ChatWatcher"]


class ChatWatcher:
    """See `Watcher`."""

    def __init__(self) -> None:
        self.seen = Seen()
        self._answer: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}

    def event(self, event: SseEvent) -> None:  # noqa: D102 - see Watcher
        if event.data == b"[DONE]":
            self.seen.complete = True
            return
        try:
            chunk = msgspec.json.decode(event.data)
        except msgspec.DecodeError:
            return
        if isinstance(chunk, dict):
            self._chunk(chunk)

    def whole(self, value: Any) -> None:  # noqa: D102
        if not isinstance(value, dict):
            return
        self._answer = value
        self._take(value)
        for choice in _choices(value):
            self.seen.finish = choice.get("finish_reason") or self.seen.finish
        self.seen.complete = "choices" in value

    def assembled(self) -> Any:  # noqa: D102
        if not self._choices:
            return self._answer
        choices = [self._choices[index] for index in sorted(self._choices)]
        return self._answer | {"object": "chat.completion", "choices": choices}

    def _chunk(self, chunk: dict[str, Any]) -> None:
        self._take(chunk)
        self._answer |= {key: value for key, value in chunk.items() if key != "choices"}
        for choice in _choices(chunk):
            index = count(choice, "index")
            kept = self._choices.setdefault(index, {"index": index, "message": {}, "finish_reason": None})
            delta = choice.get("delta")
            if isinstance(delta, dict):
                merge(kept["message"], delta)
                self.seen.piece("reasoning", delta.get("reasoning_content") or delta.get("reasoning"))
                self.seen.piece("text", delta.get("content"))
                self.seen.has_token = self.seen.has_token or any(v for k, v in delta.items() if k != "role")
            if choice.get("finish_reason"):
                kept["finish_reason"] = self.seen.finish = str(choice["finish_reason"])

    def _take(self, value: dict[str, Any]) -> None:
        if isinstance(value.get("model"), str):
            self.seen.model = value["model"]
        usage = value.get("usage")
        if isinstance(usage, dict):
            self.seen.usage = openai_usage(usage, "prompt", "completion")
            charged = usage.get("cost")
            self.seen.cost = float(charged) if isinstance(charged, int | float) else None
        self.seen.error = error_text(value) or self.seen.error


def _choices(value: dict[str, Any]) -> list[dict[str, Any]]:
    choices = value.get("choices")
    return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
