"""Writing a reply as a message, whole or as named events."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import msgspec

from loopwright.gateway.sse import frame, pieces
from loopwright.gateway.wire.neutral import Reply
from loopwright.record import Usage

__all__ = ["events", "whole"]


def whole(reply: Reply) -> dict[str, Any]:
    """See `Wire.whole`."""
    return _message(reply) | {"content": _blocks(reply), "stop_reason": _stop(reply), "usage": _usage(reply.usage)}


def events(reply: Reply) -> Iterator[bytes]:
    """See `Wire.events`; Claude Code needs the `event:` names."""
    for value in _all(reply):
        yield frame(value, value["type"])


def _all(reply: Reply) -> Iterator[dict[str, Any]]:
    begun = _usage(reply.usage) | {"output_tokens": 1}
    yield {"type": "message_start", "message": _message(reply) | {"usage": begun}}
    for index, block in enumerate(_blocks(reply)):
        yield {"type": "content_block_start", "index": index, "content_block": block | _EMPTY[block["type"]]}
        for delta in _deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    delta = {"stop_reason": _stop(reply), "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": reply.usage.output_tokens}}
    yield {"type": "message_stop"}


_EMPTY: dict[str, dict[str, Any]] = {
    "thinking": {"thinking": "", "signature": ""},
    "text": {"text": ""},
    "tool_use": {"input": {}},
}


def _deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if block["type"] == "thinking":
        for piece in pieces(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    elif block["type"] == "text":
        for piece in pieces(block["text"]):
            yield {"type": "text_delta", "text": piece}
    else:
        for piece in pieces(msgspec.json.encode(block["input"]).decode()):
            yield {"type": "input_json_delta", "partial_json": piece}


def _message(reply: Reply) -> dict[str, Any]:
    return {
        "id": f"msg_{reply.ident}",
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _blocks(reply: Reply) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if reply.think:
        signature = base64.b64encode(f"scripted {reply.ident}".encode()).decode()
        blocks.append({"type": "thinking", "thinking": reply.think, "signature": signature})
    if reply.say:
        blocks.append({"type": "text", "text": reply.say})
    for call in reply.calls:
        # This API has no custom tools: text for one goes into the one argument that such a tool would have.
        given = {"input": call.arguments} if isinstance(call.arguments, str) else call.arguments
        blocks.append({"type": "tool_use", "id": call.call_id, "name": call.name, "input": given})
    return blocks


def _stop(reply: Reply) -> str:
    return "tool_use" if reply.calls else "end_turn"


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "output_tokens": usage.output_tokens,
    }
