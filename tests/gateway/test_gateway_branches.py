"""What a script looks at: the newest input, in each API's own form."""

from __future__ import annotations

from typing import Any

import pytest

from loopwright.gateway.wire.neutral import BadRequest
from loopwright.gateway.wire.registry import WIRES

CHAT, RESPONSES, MESSAGES = WIRES


def test_chat() -> None:
    body = {
        "messages": [
            {"role": "system", "content": "rules"},
            {"role": "user", "content": "old"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "1", "function": {"name": "edit", "arguments": '{"filePath": "/w/a"}'}}],
            },
            {"role": "tool", "tool_call_id": "1", "content": "2 failed"},
            {"role": "user", "content": [{"type": "text", "text": "and now"}]},
        ]
    }
    ask = CHAT.read(body)
    assert (ask.newest, ask.newest_user, ask.opening) == ("2 failed\nand now", "and now", "rules\nold")
    assert ask.touched == {"/w/a"}


def test_responses_with_results_between_parallel_calls() -> None:
    def call(number: str) -> dict[str, Any]:
        return {"type": "function_call", "call_id": number, "name": "exec_command", "arguments": "{}"}

    def result(number: str, text: str) -> dict[str, Any]:
        return {"type": "function_call_output", "call_id": number, "output": text}

    items = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "old"}]},
        call("1"),
        result("1", "older result"),
        {"type": "reasoning", "summary": []},
        call("2"),
        result("2", "first"),
        call("3"),
        result("3", "second"),
    ]
    assert RESPONSES.read({"input": items}).newest == ["older result", "first\nsecond"][1]
    assert RESPONSES.read({"input": "plain"}).newest == "plain"
    assert RESPONSES.read({"input": items, "instructions": "rules"}).opening == "rules\nold"


def test_messages() -> None:
    result = {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "2 failed"}]}
    body = {
        "system": [{"type": "text", "text": "rules", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": "old"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "input": {"file_path": "/w/a"}}]},
            {"role": "user", "content": [result, {"type": "text", "text": "reminder"}]},
        ],
    }
    ask = MESSAGES.read(body)
    assert (ask.newest, ask.newest_user, ask.opening) == ("2 failed\nreminder", "reminder", "rules\nold")
    assert ask.touched == {"/w/a"}


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("body", [{}, {"messages": []}, {"messages": "x", "input": 3}, {"input": [], "messages": [1]}])
def test_a_request_without_a_conversation_is_refused(wire: Any, body: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        wire.read(body)
