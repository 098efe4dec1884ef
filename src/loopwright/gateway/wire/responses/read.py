"""Understanding a responses request."""

from __future__ import annotations

from typing import Any

from loopwright.gateway.wire._fields import as_list, as_number, as_text, path_argument, text_of
from loopwright.gateway.wire.neutral import Ask, BadRequest, OfferedTool

__all__ = ["read"]

_SYSTEM = ("system", "developer")
_FROM_MODEL = ("function_call", "custom_tool_call", "reasoning", "local_shell_call", "web_search_call")
_RESULTS = ("function_call_output", "custom_tool_call_output", "local_shell_call_output")


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
        return [OfferedTool(tool.name, entry["name"], tool.custom) for tool in found]
    return [OfferedTool(entry["name"], "", entry.get("type") == "custom")]


def _after_model(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What came since the model's last reply. Results of parallel calls may stand between the calls."""
    newest: list[dict[str, Any]] = []
    for item in reversed(items):
        if item.get("type") in _RESULTS or item.get("role") == "user":
            newest.append(item)
        elif item.get("role") not in _SYSTEM and not _is_call_of(item, newest):
            break
    return newest[::-1]


def _is_call_of(item: dict[str, Any], newest: list[dict[str, Any]]) -> bool:
    """Whether the item is the call of a result that is already counted as new."""
    results = [new.get("call_id") for new in newest if new.get("type") in _RESULTS]
    return item.get("type") in _FROM_MODEL and item.get("call_id") in results


def _first(items: list[dict[str, Any]], roles: tuple[str, ...]) -> str:
    return next((text_of(item.get("content")) for item in items if item.get("role") in roles), "")
