"""Playing recorded streams of Codex to the mapping."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from loopwright.agents import AgentItem
from loopwright.agents.codex.exec_json import as_notification
from loopwright.agents.codex.stream import ItemStream
from loopwright.agents.lines import parse_object

__all__ = ["FOLDER", "items_of", "shown"]

FOLDER = Path(__file__).parents[1] / "golden" / "agents" / "codex"


def items_of(lines: Iterable[bytes], notices: list[str] | None = None) -> list[AgentItem]:
    """The items of a stream, of either interface; a new turn begins where the stream says so."""
    told: list[str] = [] if notices is None else notices
    stream: ItemStream | None = None
    found: list[AgentItem] = []
    for line in lines:
        message = parse_object(line)
        if message is None:
            continue
        stream = stream or _stream(message, told)
        if stream is None:
            continue
        known = message if "method" in message else as_notification(message, "thread", "turn-1")
        if known is None:
            continue
        found += stream.take(known)
        if known.get("method") == "turn/completed" and _is_of(known, stream.thread):
            found += stream.rest()
            stream.new_turn()
    return found + (list(stream.rest()) if stream else [])


def _stream(message: dict[str, Any], told: list[str]) -> ItemStream | None:
    result = message.get("result")
    thread = result.get("thread") if isinstance(result, dict) else None
    if isinstance(thread, dict):
        return ItemStream(str(thread.get("id")), 0, "/workspace", lambda _, text: told.append(text))
    if "thread_id" in message:
        return ItemStream("thread", None, "/workspace", lambda _, text: told.append(text))
    return None


def _is_of(message: dict[str, Any], thread: str) -> bool:
    params = message.get("params")
    return isinstance(params, dict) and params.get("threadId") == thread


def shown(item: AgentItem) -> list[Any]:
    """What of an item is compared."""
    return [
        item.part_type,
        item.item_type,
        item.tool_name,
        item.call_id,
        item.tool_status,
        item.exit_code,
        item.reply,
        item.parent,
        item.may_change_files,
        item.summary,
    ]
