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


def events(whole: dict[str, Any]) -> Iterator[bytes]:
    """See `Wire.events`; Claude Code needs the `event:` names."""
    for value in _all(whole):
        yield frame(value, value["type"])


def _all(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    usage = whole.get("usage") or {}
    unfinished = {"stop_reason": None, "stop_sequence": None, "usage": usage | {"output_tokens": 1}}
    yield {"type": "message_start", "message": whole | {"content": []} | unfinished}
    for index, block in enumerate(whole.get("content") or []):
        emptied = {key: value for key, value in _EMPTY.get(block.get("type"), {}).items() if key in block}
        yield {"type": "content_block_start", "index": index, "content_block": block | emptied}
        for delta in _deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    delta = {"stop_reason": whole.get("stop_reason"), "stop_sequence": whole.get("stop_sequence")}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": usage.get("output_tokens", 0)}}
    yield {"type": "message_stop"}


_EMPTY: dict[Any, dict[str, Any]] = {
    "thinking": {"thinking": "", "signature": ""},
    "text": {"text": ""},
    "tool_use": {"input": {}},
}


def _deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The content bit by bit; a block of a kind that is not known here is whole from its beginning."""
    if block.get("type") == "thinking":
        for piece in pieces(str(block.get("thinking", ""))):
            yield {"type": "thinking_delta", "thinking": piece}
        if "signature" in block:
            yield {"type": "signature_delta", "signature": block["signature"]}
    elif block.get("type") == "text":
        for piece in pieces(str(block.get("text", ""))):
            yield {"type": "text_delta", "text": piece}
    elif block.get("type") == "tool_use":
        for piece in pieces(msgspec.json.encode(block.get("input")).decode()):
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
