"""Which tool calls a request answers: the results that stand after the model's newest reply."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

__all__ = ["answered_calls"]

# Where each API has its conversation: chat completions and messages, then responses.
_CONVERSATIONS = ("messages", "input")
_OF_THE_MODEL = ("function_call", "custom_tool_call", "local_shell_call", "reasoning")


def answered_calls(request: dict[str, Any]) -> frozenset[str]:
    """The ids of the calls whose results are new in a request, whichever of the three APIs it is of."""
    items: list[Any] = next((request[key] for key in _CONVERSATIONS if isinstance(request.get(key), list)), [])
    newest = takewhile(_after_the_reply, (item for item in reversed(items) if isinstance(item, dict)))
    return frozenset(found for item in newest for found in _ids(item))


def _after_the_reply(item: dict[str, Any]) -> bool:
    return item.get("role") != "assistant" and item.get("type") not in _OF_THE_MODEL


def _ids(item: dict[str, Any]) -> Iterator[str]:
    blocks = item.get("content")
    for holder in (item, *(blocks if isinstance(blocks, list) else ())):
        if isinstance(holder, dict):
            named = (holder.get(key) for key in ("tool_call_id", "call_id", "tool_use_id"))
            yield from (name for name in named if isinstance(name, str))
