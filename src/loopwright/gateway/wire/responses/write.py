"""Writing a reply as a response object."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from loopwright.gateway.wire.neutral import Reply, ReplyCall
from loopwright.record import Usage

__all__ = ["whole"]


def whole(reply: Reply) -> dict[str, Any]:
    """See `Wire.whole`."""
    return _head(reply, "completed") | {"output": _items(reply), "usage": _usage(reply.usage)}


def _head(reply: Reply, status: str) -> dict[str, Any]:
    """The response object without its output; a constant time keeps a scripted run equal to itself."""
    return {
        "id": f"resp_{reply.ident}",
        "object": "response",
        "created_at": 0,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": reply.model,
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }


def _items(reply: Reply) -> list[dict[str, Any]]:
    """The complete output items, in order."""
    output: list[dict[str, Any]] = []
    if reply.think:
        output.append(_reasoning(reply))
    if reply.say:
        output.append(_message(reply))
    return output + [_call(reply, number, call) for number, call in enumerate(reply.calls, start=1)]


def _reasoning(reply: Reply) -> dict[str, Any]:
    # Opaque to agents; they only send it back.
    sealed = base64.b64encode(f"scripted {reply.ident}".encode()).decode()
    summary = [{"type": "summary_text", "text": reply.think}]
    return {"type": "reasoning", "id": f"rs_{reply.ident}", "summary": summary, "encrypted_content": sealed}


def _message(reply: Reply) -> dict[str, Any]:
    content = [{"type": "output_text", "text": reply.say, "annotations": []}]
    return {
        "type": "message",
        "id": f"msg_{reply.ident}",
        "role": "assistant",
        "status": "completed",
        "content": content,
    }


def _call(reply: Reply, number: int, call: ReplyCall) -> dict[str, Any]:
    common = {"call_id": call.call_id, "name": call.name, "status": "completed"}
    if isinstance(call.arguments, str):
        return {"type": "custom_tool_call", "id": f"ctc_{reply.ident}_{number}", "input": call.arguments} | common
    arguments = msgspec.json.encode(call.arguments).decode()
    item = {"type": "function_call", "id": f"fc_{reply.ident}_{number}", "arguments": arguments} | common
    return item | ({"namespace": call.namespace} if call.namespace else {})


def _usage(usage: Usage) -> dict[str, Any]:
    prompt = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": usage.cache_read_tokens, "cache_write_tokens": 0},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": prompt + usage.output_tokens,
    }
