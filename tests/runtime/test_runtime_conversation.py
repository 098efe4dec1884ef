from __future__ import annotations

from typing import Any

import pytest

from loopwright.agents import AgentItem
from loopwright.record import PartAdded, Payload, ToolUse, TurnStarted
from loopwright.runtime.conversation import Conversation, calls_of, reply_items

_CALLS = [
    {"id": "c1", "type": "function", "function": {"name": "read_file", "arguments": '{"path": "a"}'}},
    {"id": "c2", "type": "function", "function": {"name": "run_shell", "arguments": "not json"}},
]
_REPLY = {"role": "assistant", "reasoning_content": "hm", "content": "Looking.", "tool_calls": _CALLS}
_LAST = {"role": "assistant", "content": "Done."}


def _part(number: int, item: AgentItem) -> PartAdded:
    def payload(value: Any) -> Payload | None:
        return None if value is None else Payload(value=value)

    tool = ToolUse(str(item.tool_name), item.call_id, payload(item.arguments), payload(item.result))
    return PartAdded(
        part=number,
        turn=1,
        timestamp="",
        role=item.role,
        part_type=item.part_type,
        item_type=item.item_type,
        summary=item.summary,
        duration_ms=0,
        agent_model="m",
        tool=tool if item.tool_name else None,
        reply=item.reply,
        raw=payload(item.raw),
    )


def _whole() -> tuple[Conversation, list[PartAdded]]:
    """A conversation of two replies with two calls, as it goes without a crash, and its parts."""
    talk = Conversation("system")
    talk.add_prompt("do it")
    talk.add_reply(_REPLY)
    items = reply_items(_REPLY, 1, None)
    for call in calls_of(_REPLY):
        talk.add_result(call, f"result of {call.call_id}")
        items.append(
            AgentItem(
                "tool_result", "x", "", tool_name=call.name, call_id=call.call_id, result=f"result of {call.call_id}"
            )
        )
    talk.add_reply(_LAST)
    items += reply_items(_LAST, 2, None)
    return talk, [_part(number, item) for number, item in enumerate(items, 1)]


def _turn() -> TurnStarted:
    return TurnStarted(turn=1, timestamp="", prompt=Payload(value="do it"), part_start=1)


def test_a_reply_becomes_reasoning_text_and_calls_in_that_order() -> None:
    items = reply_items(_REPLY, 1, None)
    assert [item.part_type for item in items] == ["reasoning", "text", "tool_call", "tool_call"]
    assert items[0].raw == _REPLY
    assert items[3].arguments == "not json"


def test_an_empty_reply_is_still_a_part() -> None:
    items = reply_items({"role": "assistant"}, 1, None)
    assert [(item.part_type, item.content) for item in items] == [("text", "")]


def test_restoring_all_parts_gives_the_same_messages() -> None:
    talk, parts = _whole()
    restored = Conversation("system")
    restored.restore([_turn()], parts)
    assert restored.messages == talk.messages
    assert restored.waiting_calls() == []


@pytest.mark.parametrize("cut", range(8))
def test_what_was_not_recorded_is_what_is_done_next(cut: int) -> None:
    talk, parts = _whole()
    assert len(parts) == 7
    restored = Conversation("system")
    restored.restore([_turn()], parts[:cut])
    assert restored.messages == talk.messages[: len(restored.messages)]
    recorded_calls = [part.tool.call_id for part in parts[:cut] if part.part_type == "tool_result" and part.tool]
    waiting = [call.call_id for call in restored.waiting_calls()]
    assert waiting == ([c for c in ("c1", "c2") if c not in recorded_calls] if 0 < cut < 7 else [])
    if 0 < cut <= 4:
        assert restored.recorded_of_reply == cut


def test_calls_that_were_cut_off_are_answered_before_the_next_prompt() -> None:
    _, parts = _whole()
    restored = Conversation("system")
    restored.restore([_turn()], parts[:5])
    restored.add_prompt("go on")
    assert [message["role"] for message in restored.messages[-3:]] == ["tool", "tool", "user"]
    assert restored.messages[-2]["tool_call_id"] == "c2"
    assert "not run" in restored.messages[-2]["content"]


def test_a_finish_ends_its_turn_and_no_other() -> None:
    call = {"id": "f", "type": "function", "function": {"name": "finish", "arguments": '{"summary": "done"}'}}

    def finished(talk: Conversation) -> str | None:
        return talk.finished

    talk = Conversation("system")
    talk.add_prompt("one")
    talk.add_reply({"role": "assistant", "tool_calls": [call]})
    talk.add_result(talk.waiting_calls()[0], "done")
    assert finished(talk) == "done"
    talk.add_prompt("two")
    assert finished(talk) is None
    talk.add_reply({"role": "assistant", "tool_calls": [call]})
    talk.add_result(talk.waiting_calls()[0], "error: no summary", completed=False)
    assert finished(talk) is None
