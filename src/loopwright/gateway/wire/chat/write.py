"""Writing a reply as a chat completion, whole or in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from loopwright.gateway.sse import frame, pieces
from loopwright.gateway.wire.neutral import Reply, ReplyCall
from loopwright.record import Usage

__all__ = ["events", "whole"]


def whole(reply: Reply) -> dict[str, Any]:
    """See `Wire.whole`."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.say or None, "refusal": None}
    if reply.think:
        message["reasoning_content"] = reply.think
    if reply.calls:
        message["tool_calls"] = [_call(call) for call in reply.calls]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(reply)}
    return _head(reply, "chat.completion") | {"choices": [choice], "usage": _usage(reply.usage)}


def events(reply: Reply, *, include_usage: bool) -> Iterator[bytes]:
    """See `Wire.events`."""
    yield _chunk(reply, {"role": "assistant", "content": ""})
    for piece in pieces(reply.think):
        yield _chunk(reply, {"reasoning_content": piece})
    for piece in pieces(reply.say):
        yield _chunk(reply, {"content": piece})
    for index, call in enumerate(reply.calls):
        yield from _call_chunks(reply, index, call)
    yield _chunk(reply, {}, _finish(reply))
    if include_usage:
        yield frame(_head(reply, "chat.completion.chunk") | {"choices": [], "usage": _usage(reply.usage)})
    yield b"data: [DONE]\n\n"


def _call_chunks(reply: Reply, index: int, call: ReplyCall) -> Iterator[bytes]:
    first = _call(call)
    arguments = first["function"]["arguments"]
    first["function"]["arguments"] = ""
    yield _chunk(reply, {"tool_calls": [{"index": index} | first]})
    for piece in pieces(arguments):
        yield _chunk(reply, {"tool_calls": [{"index": index, "function": {"arguments": piece}}]})


def _call(call: ReplyCall) -> dict[str, Any]:
    arguments = call.arguments if isinstance(call.arguments, str) else msgspec.json.encode(call.arguments).decode()
    return {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _chunk(reply: Reply, delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return frame(_head(reply, "chat.completion.chunk") | {"choices": [choice]})


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
