"""From ACP's updates to items: texts put together from their pieces, each tool call and its result told once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Literal

from msgspec import Struct, field

from loopwright.agents.acp.mapping import (
    UPDATES,
    call_item,
    plan_item,
    result_item,
    text_item,
    unknown_item,
)
from loopwright.agents.activity import Activity
from loopwright.agents.protocol import AgentItem, Delta
from loopwright.base import one_line

__all__ = ["Merger", "TerminalOutput"]

TerminalOutput = Callable[[str], tuple[str, int | None] | None]
"""What a terminal has printed so far and its exit code, by its id; None where there is none of this id."""

Items = Iterator[AgentItem]


class _Said(Struct):
    """A text that may go on: `told` are its pieces as received."""

    kind: Literal["text", "reasoning"]
    message: str
    pieces: list[str] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)


class _Call(Struct):
    """A tool call: the newest value of each field, and what was told of it."""

    fields: dict[str, Any]
    called: bool = False
    ended: bool = False


class Merger:
    """The items of one session.

    Args:
        notice: Told what a person should know, as in `AgentContext`.
        on_delta: Told what is on its way.
        activity: Told which tools run.
        terminal: Gives what a terminal printed.
    """

    def __init__(
        self,
        notice: Callable[[str, str], None],
        on_delta: Callable[[Delta], None],
        activity: Activity,
        terminal: TerminalOutput,
    ) -> None:
        self._notice, self._on_delta, self._activity, self._terminal = notice, on_delta, activity, terminal
        self._said: _Said | None = None
        self._calls: dict[str, _Call] = {}
        self._plan = ""
        self._warned: set[str] = set()

    def update(self, update: Any) -> list[AgentItem]:
        """One update, as in `session/update`: the items that it completes."""
        if not isinstance(update, dict):
            return []
        kind = update.get("sessionUpdate")
        kind = kind if isinstance(kind, str) else ""
        word = UPDATES.get(kind)
        if word == "words":
            return list(self._words("text" if kind == "agent_message_chunk" else "reasoning", update))
        if word == "tool" and isinstance(update.get("toolCallId"), str):
            return list(self._tool(update))
        if word == "plan":
            return list(self._planned(update))
        if word == "books":
            return []
        return list(self._unknown(update, kind))

    def finish(self) -> list[AgentItem]:
        """The turn is over: nothing goes on, and calls that were never said to run are told as calls."""
        items = list(self._close())
        for call in self._calls.values():
            if not call.called and call.fields.get("rawInput"):
                call.called = True
                items.append(call_item(call.fields, dict(call.fields)))
            self._activity.tool_ended(str(call.fields["toolCallId"]))
        return items

    def _words(self, kind: Literal["text", "reasoning"], update: dict[str, Any]) -> Items:
        content, message = update.get("content"), update.get("messageId")
        message = message if isinstance(message, str) else ""
        if self._said is not None and (self._said.kind, self._said.message) != (kind, message):
            yield from self._close()
        if self._said is None:
            self._said = _Said(kind, message)
        text = content.get("text") if isinstance(content, dict) else None
        self._said.told.append(update)
        if isinstance(text, str):
            self._said.pieces.append(text)
            self._on_delta(Delta(kind, text))

    def _close(self) -> Items:
        said, self._said = self._said, None
        if said is None:
            return
        text = "".join(said.pieces)
        if text.strip():
            yield text_item(said.kind, text, _shortened(said.told, text))
        elif any("text" not in _content_of(one) for one in said.told):
            # An image, a sound, a link: not text, but said.
            yield text_item(said.kind, "(not text)", said.told)

    def _known(self, update: dict[str, Any]) -> _Call:
        name = update["toolCallId"]
        call = self._calls.get(name)
        if call is None or (call.ended and update.get("sessionUpdate") == "tool_call" and _fresh(update)):
            call = self._calls[name] = _Call({"toolCallId": name, "firstTitle": update.get("title")})
        return call

    def _tool(self, update: dict[str, Any]) -> Items:
        call = self._known(update)
        if call.ended:
            return
        yield from self._close()
        _merge(call, update)
        status = call.fields.get("status")
        if status in ("in_progress", "completed", "failed") and not call.called:
            call.called = True
            item = call_item(call.fields, update)
            self._activity.tool_started(item.call_id, item.tool_name or "")
            self._on_delta(Delta("tool", item.summary.removeprefix(f"{item.tool_name} "), item.tool_name or ""))
            yield item
        if status in ("completed", "failed"):
            call.ended = True
            self._activity.tool_ended(str(call.fields["toolCallId"]))
            yield result_item(call.fields, update, *self._printed(call))

    def _printed(self, call: _Call) -> tuple[str | None, int | None]:
        """What the terminals in a call's content have printed."""
        content = call.fields.get("content")
        for block in content if isinstance(content, list) else ():
            if isinstance(block, dict) and isinstance(block.get("terminalId"), str):
                found = self._terminal(block["terminalId"])
                if found is not None:
                    return found
        return None, None

    def _planned(self, update: dict[str, Any]) -> Items:
        text = json.dumps(update, sort_keys=True, default=str)
        plan = update.get("plan")
        item = plan_item(plan if isinstance(plan, dict) else update)
        if item is not None and text != self._plan:
            self._plan = text
            yield from self._close()
            yield item

    def _unknown(self, update: dict[str, Any], kind: str) -> Items:
        yield from self._close()
        if kind not in self._warned:
            self._warned.add(kind)
            self._notice("unknown_item", f"The agent sent an update of an unknown kind: {one_line(kind, 80)!r}")
        yield unknown_item(update, kind)


def _merge(call: _Call, update: dict[str, Any]) -> None:
    """Fields that are given replace what was known; `null` says nothing."""
    for key, value in update.items():
        if value is not None and key not in ("sessionUpdate", "toolCallId"):
            call.fields[key] = value
    if call.fields.get("firstTitle") is None:
        call.fields["firstTitle"] = update.get("title")


def _fresh(update: dict[str, Any]) -> bool:
    """Whether a `tool_call` begins a call, so that an ended one of the same id was another."""
    return update.get("status") in (None, "pending", "in_progress")


def _content_of(update: Any) -> dict[str, Any]:
    content = update.get("content")
    return content if isinstance(content, dict) else {}


def _shortened(told: list[Any], text: str) -> Any:
    """One update with the whole text stands for its pieces, where they were all alike."""
    if len(told) == 1 or any(set(_content_of(one)) - {"type", "text"} for one in told):
        return told[0] if len(told) == 1 else told
    return {**told[0], "content": {"type": "text", "text": text}}
