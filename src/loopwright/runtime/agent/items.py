"""Replies, results and the loop's own words as items of the agent's stream, which become parts."""

from __future__ import annotations

import json
from typing import Any

from msgspec import structs

from loopwright.agents.protocol import AgentItem
from loopwright.base import one_line
from loopwright.runtime.agent.executor import Done
from loopwright.runtime.calls import Call
from loopwright.runtime.edits.operations import touched
from loopwright.runtime.providers.types import Reply

__all__ = ["MODE", "NUDGE", "STEER", "reply_items", "result_item", "says", "spoken_item"]

NUDGE, MODE, STEER = "nudge", "mode", "steer"
_TELLING = ("path", "filePath", "command", "test_path", "pattern", "summary")


def says(reply: Reply, calls: tuple[Call, ...] = ()) -> tuple[bool, bool]:
    """Whether a reply has a part for its reasoning, and one for its text (an empty one where it is nothing else)."""
    thinks = bool(reply.reasoning)
    return thinks, bool(reply.text) or not (thinks or calls)


def reply_items(reply: Reply, calls: tuple[Call, ...], number: int, instead: str = "") -> list[AgentItem]:
    """The parts of one reply: reasoning, text, then each call. The first carries the message and its usage.

    `instead` is the model that was asked in place of the run's; what it is sent from then on depends on it.
    """
    items: list[AgentItem] = []
    thinks, talks = says(reply, calls)
    if thinks:
        items.append(AgentItem("reasoning", "reasoning", one_line(reply.reasoning), reply.reasoning, reply=number))
    if talks:
        summary = one_line(reply.text or "(an empty reply)")
        items.append(AgentItem("text", "message", summary, reply.text, reply=number))
    items += [_call_item(call, number) for call in calls]
    raw = {
        "api": reply.api,
        "message": reply.message,
        "finish_reason": reply.finish_reason,
        "model": reply.model,
    } | ({"instead": instead} if instead else {})
    items[0] = structs.replace(items[0], usage=reply.usage, raw=raw)
    return items


def _call_item(call: Call, reply: int) -> AgentItem:
    return AgentItem(
        "tool_call",
        "function_call" if call.origin == "native" else call.dialect,
        one_line(f"{call.tool} {_brief(call)}"),
        tool_name=call.tool,
        call_id=call.call_id,
        arguments=call.raw if call.arguments is None else call.arguments,
        reply=reply,
    )


def _brief(call: Call) -> str:
    """The arguments as one short text for a list of parts."""
    if call.arguments is None:
        return call.raw
    if call.operations is not None:
        return ", ".join(dict.fromkeys(path for one in call.operations for path in touched(one)))
    named = next((str(call.arguments[key]) for key in _TELLING if key in call.arguments), None)
    if named is not None:
        return named
    return json.dumps(call.arguments, ensure_ascii=False) if call.arguments else ""


def result_item(done: Done, reply: int) -> AgentItem:
    """The part of one answered call. `raw` holds what a resumed run must know besides."""
    call, outcome = done.call, done.outcome
    return AgentItem(
        "tool_result",
        "function_call_output" if call.origin == "native" else call.dialect,
        one_line(outcome.summary or outcome.text),
        role="user",
        tool_name=call.tool,
        call_id=call.call_id,
        result=outcome.text,
        tool_status=outcome.status,
        exit_code=outcome.exit_code,
        may_change_files=outcome.may_change_files,
        grade_ids=outcome.grade_ids,
        reply=reply,
        raw=done.entry.note() or None,
    )


def spoken_item(kind: str, text: str, why: Any = None) -> AgentItem:
    """Something that the loop, or a person, said to the model in the middle of a turn."""
    return AgentItem("text", kind, one_line(text), text, role="user", raw=why)
