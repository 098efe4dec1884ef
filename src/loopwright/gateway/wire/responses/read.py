"""Understanding a responses request."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import Any

from loopwright.gateway.wire._fields import (
    as_list,
    as_number,
    as_text,
    field_names,
    path_argument,
    text_blocks,
    text_of,
)
from loopwright.gateway.wire.neutral import Ask, BadRequest, OfferedTool

__all__ = ["read"]

_SYSTEM = ("system", "developer")
_FROM_MODEL = ("function_call", "custom_tool_call", "reasoning", "local_shell_call", "web_search_call")
_RESULTS = ("function_call_output", "custom_tool_call_output", "local_shell_call_output")
# call_CONVERSATION_REPLY_NUMBER, and what waits for sub-agents; see `scripted.backend`.
_SCRIPTED_ID = re.compile(r"call_([0-9a-f]{8}_\d+|wait_[0-9a-f]{8})_\d+")


def read(body: dict[str, Any]) -> Ask:
    """See `Wire.read`."""
    items = _items(body)
    if not items:
        raise BadRequest("`input` must hold text or at least one item")
    newest = _after_model(items)
    instructions = as_text(body, "instructions")
    return Ask(
        tools=tuple(tool for entry in as_list(body, "tools") for tool in _tools(entry)),
        newest="\n".join(text_of(item) for item in newest),
        newest_user="\n".join(text_of(item) for item in newest if item.get("role") == "user"),
        opening=(instructions or _first(items, _SYSTEM)) + "\n" + _first(items, ("user",)),
        dialogue=[instructions, items],
        max_output=as_number(body, "max_output_tokens"),
        touched=frozenset(filter(None, (path_argument(item.get("arguments")) for item in items))),
        begins=tuple(_begins(items)),
        spawned=tuple(_spawned(items, newest)),
    )


def _items(body: dict[str, Any]) -> list[dict[str, Any]]:
    if isinstance(body.get("input"), str):
        return [{"type": "message", "role": "user", "content": body["input"]}]
    return [item for item in as_list(body, "input") if isinstance(item, dict)]


def _tools(entry: Any) -> list[OfferedTool]:
    """The tools of one entry: a function, a custom tool, or all functions of a namespace."""
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        return []
    if entry.get("type") == "namespace":
        inside = entry.get("tools")
        found = [tool for item in (inside if isinstance(inside, list) else []) for tool in _tools(item)]
        return [OfferedTool(tool.name, entry["name"], tool.custom, tool.fields) for tool in found]
    return [OfferedTool(entry["name"], "", entry.get("type") == "custom", field_names(entry.get("parameters")))]


def _begins(items: list[dict[str, Any]]) -> list[str]:
    before = takewhile(lambda item: item.get("role") != "assistant" and item.get("type") not in _FROM_MODEL, items)
    return [text for item in before if item.get("role") == "user" for text in text_blocks(item.get("content"))]


def _spawned(items: list[dict[str, Any]], newest: list[dict[str, Any]]) -> list[str]:
    calls = {item.get("call_id") for item in items if item.get("name") == "spawn_agent" and item.get("call_id")}
    return [text_of(item.get("output")) for item in newest if item.get("call_id") in calls and item.get("output")]


def _after_model(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What came since the model's last reply. Results of parallel calls may stand between the calls."""
    newest: list[dict[str, Any]] = []
    reply: str | None = None
    for item in reversed(items):
        if item.get("type") in _RESULTS:
            # A reply may be nothing but calls; ids that a script made tell one such reply from the one before.
            made_by = _reply_of(item)
            reply = reply or made_by
            if made_by != reply:
                break
            newest.append(item)
        elif item.get("role") == "user":
            newest.append(item)
        elif item.get("role") not in _SYSTEM and not _is_call_of(item, newest):
            break
    return newest[::-1]


def _reply_of(item: dict[str, Any]) -> str | None:
    """Which reply of a script made the call of a result; None for a call that no script made."""
    found = _SCRIPTED_ID.fullmatch(str(item.get("call_id")))
    return found.group(1) if found else None


def _is_call_of(item: dict[str, Any], newest: list[dict[str, Any]]) -> bool:
    """Whether the item is the call of a result that is already counted as new."""
    results = [new.get("call_id") for new in newest if new.get("type") in _RESULTS]
    return item.get("type") in _FROM_MODEL and item.get("call_id") in results


def _first(items: list[dict[str, Any]], roles: tuple[str, ...]) -> str:
    return next((text_of(item.get("content")) for item in items if item.get("role") in roles), "")
