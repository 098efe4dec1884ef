"""Writing a response object as the events of its stream, in OpenAI's order and numbering."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from loopwright.gateway.sse import frame, pieces

__all__ = ["events"]

_Event = tuple[str, dict[str, Any]]
_LAST = {"failed": "response.failed", "incomplete": "response.incomplete"}


def events(whole: dict[str, Any]) -> Iterator[bytes]:
    """See `Wire.events`."""
    for number, (kind, fields) in enumerate(_all(whole)):
        yield frame({"type": kind, "sequence_number": number} | fields, kind)


def _all(whole: dict[str, Any]) -> Iterator[_Event]:
    begun = {key: value for key, value in whole.items() if key != "usage"} | {"output": [], "status": "in_progress"}
    yield "response.created", {"response": begun}
    yield "response.in_progress", {"response": begun}
    for index, item in enumerate(whole.get("output") or []):
        yield "response.output_item.added", {"output_index": index, "item": _begun(item)}
        deltas = _DELTAS.get(item.get("type"))
        if deltas is not None:
            yield from deltas(item, {"item_id": item.get("id", ""), "output_index": index})
        yield "response.output_item.done", {"output_index": index, "item": item}
    yield _LAST.get(whole.get("status", ""), "response.completed"), {"response": whole}


def _begun(item: dict[str, Any]) -> dict[str, Any]:
    """The item before its content."""
    emptied = {"summary": [], "content": [], "arguments": "", "input": "", "status": "in_progress"}
    return item | {key: value for key, value in emptied.items() if key in item}


def _reasoning(item: dict[str, Any], place: dict[str, Any]) -> Iterator[_Event]:
    kind = "response.reasoning_summary"
    for index, part in enumerate(item.get("summary") or []):
        there = place | {"summary_index": index}
        yield f"{kind}_part.added", there | {"part": part | {"text": ""}}
        for piece in pieces(_text(part, "text")):
            yield f"{kind}_text.delta", there | {"delta": piece}
        yield f"{kind}_text.done", there | {"text": _text(part, "text")}
        yield f"{kind}_part.done", there | {"part": part}


def _message(item: dict[str, Any], place: dict[str, Any]) -> Iterator[_Event]:
    for index, part in enumerate(item.get("content") or []):
        there = place | {"content_index": index}
        if part.get("type") != "output_text":
            yield "response.content_part.added", there | {"part": part}
        else:
            yield "response.content_part.added", there | {"part": part | {"text": ""}}
            for piece in pieces(_text(part, "text")):
                yield "response.output_text.delta", there | {"delta": piece, "logprobs": []}
            yield "response.output_text.done", there | {"text": _text(part, "text"), "logprobs": []}
        yield "response.content_part.done", there | {"part": part}


def _function(item: dict[str, Any], place: dict[str, Any]) -> Iterator[_Event]:
    arguments = _text(item, "arguments")
    for piece in pieces(arguments):
        yield "response.function_call_arguments.delta", place | {"delta": piece}
    yield "response.function_call_arguments.done", place | {"name": item.get("name"), "arguments": arguments}


def _custom(item: dict[str, Any], place: dict[str, Any]) -> Iterator[_Event]:
    text = _text(item, "input")
    for piece in pieces(text):
        yield "response.custom_tool_call_input.delta", place | {"delta": piece}
    yield "response.custom_tool_call_input.done", place | {"input": text}


def _text(value: dict[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


_DELTAS: dict[Any, Callable[[dict[str, Any], dict[str, Any]], Iterator[_Event]]] = {
    "reasoning": _reasoning,
    "message": _message,
    "function_call": _function,
    "custom_tool_call": _custom,
}
