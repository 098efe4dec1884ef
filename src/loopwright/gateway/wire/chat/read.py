"""Understanding a chat completions request."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from loopwright.gateway.wire._fields import as_list, as_number, field_names, path_argument, text_blocks, text_of
from loopwright.gateway.wire.neutral import Ask, BadRequest, OfferedTool

__all__ = ["read"]

_SYSTEM = ("system", "developer")


def read(body: dict[str, Any]) -> Ask:
    """See `Wire.read`."""
    messages = [message for message in as_list(body, "messages") if isinstance(message, dict)]
    if not messages:
        raise BadRequest("`messages` must hold at least one message")
    options = body.get("stream_options")
    newest = _after_assistant(messages)
    return Ask(
        tools=tuple(filter(None, map(_tool, as_list(body, "tools")))),
        newest="\n".join(text_of(message.get("content")) for message in newest),
        newest_user="\n".join(text_of(message.get("content")) for message in newest if message.get("role") == "user"),
        opening=_first(messages, _SYSTEM) + "\n" + _first(messages, ("user",)),
        dialogue=messages,
        max_output=as_number(body, "max_completion_tokens", "max_tokens"),
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
        touched=frozenset(filter(None, map(path_argument, _arguments(messages)))),
        begins=tuple(_begins(messages)),
    )


def _tool(tool: Any) -> OfferedTool | None:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return None
    return OfferedTool(function["name"], fields=field_names(function.get("parameters")))


def _begins(messages: list[dict[str, Any]]) -> list[str]:
    before = takewhile(lambda message: message.get("role") != "assistant", messages)
    return [text for message in before if message.get("role") == "user" for text in text_blocks(message.get("content"))]


def _after_assistant(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    last = max((at for at, message in enumerate(messages) if message.get("role") == "assistant"), default=-1)
    return [message for message in messages[last + 1 :] if message.get("role") not in _SYSTEM]


def _first(messages: list[dict[str, Any]], roles: tuple[str, ...]) -> str:
    return next((text_of(message.get("content")) for message in messages if message.get("role") in roles), "")


def _arguments(messages: list[dict[str, Any]]) -> list[Any]:
    calls = [call for message in messages for call in as_list(message, "tool_calls") if isinstance(call, dict)]
    return [call["function"].get("arguments") for call in calls if isinstance(call.get("function"), dict)]
