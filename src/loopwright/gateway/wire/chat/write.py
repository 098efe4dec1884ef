"""Writing a reply as a chat completion, whole or in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from loopwright.gateway.sse import frame, pieces
from loopwright.gateway.wire.neutral import Reply, ReplyCall
from loopwright.record import Usage

__all__ = ["events", "whole"]


_GROWING = ("reasoning_content", "reasoning", "content")
_IN_PIECES = ("role", "tool_calls", *_GROWING)


def whole(reply: Reply) -> dict[str, Any]:
    """See `Wire.whole`."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.say or None, "refusal": None}
    if reply.think:
        message["reasoning_content"] = reply.think
    if reply.calls:
        message["tool_calls"] = [_call(call) for call in reply.calls]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(reply)}
    return _head(reply, "chat.completion") | {"choices": [choice], "usage": _usage(reply.usage)}


def events(whole: dict[str, Any], *, include_usage: bool) -> Iterator[bytes]:
    """See `Wire.events`."""
    head = {key: value for key, value in whole.items() if key not in ("choices", "usage")}
    head["object"] = "chat.completion.chunk"
    for choice in whole.get("choices") or []:
        yield from _choice_chunks(head, choice)
    if include_usage and whole.get("usage") is not None:
        yield frame(head | {"choices": [], "usage": whole["usage"]})
    yield b"data: [DONE]\n\n"


def _choice_chunks(head: dict[str, Any], choice: dict[str, Any]) -> Iterator[bytes]:
    message, index = choice.get("message") or {}, choice.get("index", 0)
    rest = {key: value for key, value in message.items() if key not in _IN_PIECES and value is not None}
    yield _chunk(head, index, {"role": "assistant", "content": ""} | rest)
    for key in _GROWING:
        for piece in pieces(_text(message.get(key))):
            yield _chunk(head, index, {key: piece})
    for number, call in enumerate(message.get("tool_calls") or []):
        for delta in _call_deltas(number, call):
            yield _chunk(head, index, {"tool_calls": [delta]})
    yield _chunk(head, index, {}, choice.get("finish_reason"))


def _call_deltas(number: int, call: dict[str, Any]) -> Iterator[dict[str, Any]]:
    function = call.get("function") or {}
    yield {"index": number} | call | {"index": number, "function": function | {"arguments": ""}}
    for piece in pieces(_text(function.get("arguments"))):
        yield {"index": number, "function": {"arguments": piece}}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _call(call: ReplyCall) -> dict[str, Any]:
    arguments = call.arguments if isinstance(call.arguments, str) else msgspec.json.encode(call.arguments).decode()
    return {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _chunk(head: dict[str, Any], index: int, delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    return frame(head | {"choices": [choice]})


def _head(reply: Reply, kind: str) -> dict[str, Any]:
    # A constant time keeps a scripted run equal to itself.
    return {"id": f"chatcmpl-{reply.ident}", "object": kind, "created": 0, "model": reply.model}


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.calls else "stop"


def _usage(usage: Usage) -> dict[str, Any]:
    prompt = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": usage.output_tokens,
        "total_tokens": prompt + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }
