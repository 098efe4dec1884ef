"""Understanding a messages request."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from loopwright.gateway.wire._fields import as_list, as_number, field_names, path_argument, text_blocks, text_of
from loopwright.gateway.wire.neutral import Ask, BadRequest, OfferedTool

__all__ = ["read"]


def read(body: dict[str, Any]) -> Ask:
    """See `Wire.read`."""
    messages = [message for message in as_list(body, "messages") if isinstance(message, dict)]
    if not messages:
        raise BadRequest("`messages` must hold at least one message")
    newest = _after_assistant(messages)
    system = text_of(body.get("system"))
    first = next((text_of(message.get("content")) for message in messages if message.get("role") == "user"), "")
    return Ask(
        tools=tuple(filter(None, map(_tool, as_list(body, "tools")))),
        newest="\n".join(text_of(message.get("content")) for message in newest),
        newest_user="\n".join(text_of(_blocks(message, "text")) for message in newest),
        opening=system + "\n" + first,
        dialogue=[body.get("system"), messages],
        max_output=as_number(body, "max_tokens"),
        touched=frozenset(_paths(messages)),
        begins=tuple(_begins(messages)),
    )


def _tool(tool: Any) -> OfferedTool | None:
    if not isinstance(tool, dict) or not isinstance(tool.get("name"), str):
        return None
    return OfferedTool(tool["name"], fields=field_names(tool.get("input_schema")))


def _begins(messages: list[dict[str, Any]]) -> list[str]:
    before = takewhile(lambda message: message.get("role") != "assistant", messages)
    return [text for message in before for text in text_blocks(_blocks(message, "text"))]


def _after_assistant(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    last = max((at for at, message in enumerate(messages) if message.get("role") == "assistant"), default=-1)
    return messages[last + 1 :]


def _blocks(message: dict[str, Any], kind: str) -> list[Any]:
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if kind == "text" else []
    blocks = content if isinstance(content, list) else []
    return [block for block in blocks if isinstance(block, dict) and block.get("type") == kind]


def _paths(messages: list[dict[str, Any]]) -> list[str]:
    uses = [block for message in messages for block in _blocks(message, "tool_use")]
    return [path for path in (path_argument(block.get("input")) for block in uses) if path]
