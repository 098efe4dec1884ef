"""Writing a reply as the events of the responses API, in OpenAI's order and numbering."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loopwright.gateway.sse import frame, pieces
from loopwright.gateway.wire.neutral import Reply
from loopwright.gateway.wire.responses.write import head, items, whole

__all__ = ["events"]

_Event = tuple[str, dict[str, Any]]


def events(reply: Reply) -> Iterator[bytes]:
    """See `Wire.events`."""
    for number, (kind, fields) in enumerate(_all(reply)):
        yield frame({"type": kind, "sequence_number": number} | fields, kind)


def _all(reply: Reply) -> Iterator[_Event]:
    yield "response.created", {"response": head(reply, "in_progress")}
    yield "response.in_progress", {"response": head(reply, "in_progress")}
    for index, item in enumerate(items(reply)):
        yield "response.output_item.added", {"output_index": index, "item": _begun(item)}
        yield from _DELTAS[item["type"]](item, {"item_id": item["id"], "output_index": index})
        yield "response.output_item.done", {"output_index": index, "item": item}
    yield "response.completed", {"response": whole(reply)}


def _begun(item: dict[str, Any]) -> dict[str, Any]:
    """The item before its content."""
    emptied = {"summary": [], "content": [], "arguments": "", "input": "", "status": "in_progress"}
    return item | {key: value for key, value in emptied.items() if key in item}


def _reasoning(item: dict[str, Any], place: dict[str, Any]) -> Iterator[_Event]:
    part = item["summary"][0]
    place = place | {"summary_index": 0}
    kind = "response.reasoning_summary"
    yield f"{kind}_part.added", place | {"part": part | {"text": ""}}
    for piece in pieces(part["text"]):
        yield f"{kind}_text.delta", place | {"delta": piece}
    yield f"{kind}_text.done", place | {"text": part["text"]}
    yield f"{kind}_part.done", place | {"part": part}


def _message(item: dict[str, Any], place: dict[str, Any]) -> Iterator[_Event]:
    part = item["content"][0]
    place = place | {"content_index": 0}
    yield "response.content_part.added", place | {"part": part | {"text": ""}}
    for piece in pieces(part["text"]):
        yield "response.output_text.delta", place | {"delta": piece, "logprobs": []}
    yield "response.output_text.done", place | {"text": part["text"], "logprobs": []}
    yield "response.content_part.done", place | {"part": part}


def _function(item: dict[str, Any], place: dict[str, Any]) -> Iterator[_Event]:
    for piece in pieces(item["arguments"]):
        yield "response.function_call_arguments.delta", place | {"delta": piece}
    yield "response.function_call_arguments.done", place | {"name": item["name"], "arguments": item["arguments"]}


def _custom(item: dict[str, Any], place: dict[str, Any]) -> Iterator[_Event]:
    for piece in pieces(item["input"]):
        yield "response.custom_tool_call_input.delta", place | {"delta": piece}
    yield "response.custom_tool_call_input.done", place | {"input": item["input"]}


_DELTAS = {"reasoning": _reasoning, "message": _message, "function_call": _function, "custom_tool_call": _custom}
