"""ACP's updates become items: from the golden stream of `opencode acp`, and from streams that were spoilt."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json
from tests.agents.foreign_stage import brief

from loopwright.agents import Activity, AgentItem
from loopwright.agents.acp.merge import Merger
from loopwright.agents.protocol import Delta

GOLDEN = Path(__file__).parents[1] / "golden" / "agents" / "acp" / "opencode-1.18.33.jsonl"
MESSAGES = [json.decode(line) for line in GOLDEN.read_bytes().splitlines()]
UPDATES: list[Any] = [one["params"]["update"] for one in MESSAGES if one.get("method") == "session/update"]


class Play:
    """A merger, and what it told."""

    def __init__(self) -> None:
        self.notices: list[tuple[str, str]] = []
        self.deltas: list[Delta] = []
        self.activity = Activity()
        self.terminals = {"t1": ("from a terminal", 2)}
        self.merger = Merger(
            lambda *told: self.notices.append(told), self.deltas.append, self.activity, self.terminals.get
        )

    def all(self, updates: list[Any]) -> list[AgentItem]:
        return [item for update in updates for item in self.merger.update(update)] + self.merger.finish()


def test_golden_stream_becomes_the_items_that_it_was_recorded_from() -> None:
    told = [brief(item) for item in Play().all(UPDATES)]
    assert [one for one in told if "tool_result" not in one] == [
        "reasoning",
        "text",
        "tool_call write",
        "tool_call edit",
        "text",
        "tool_call bash",
        "tool_call bash",
        "tool_call run_tests changes",
        "tool_call task",
        "tool_call nosuchtool",
        "tool_call bash",
        "tool_call bash",
        "tool_call run_tests changes",
        "text",
    ]
    assert sorted(one for one in told if "tool_result" in one) == sorted(
        [
            "tool_result write completed changes",
            "tool_result edit completed changes",
            "tool_result bash completed exit 0 changes",
            "tool_result bash failed exit 3 changes",
            "tool_result run_tests completed",
            "tool_result task completed changes",
            "tool_result nosuchtool failed changes",
            "tool_result bash completed exit 0 changes",
            "tool_result bash completed exit 0 changes",
            "tool_result run_tests completed",
        ]
    )


def test_golden_stream_keeps_contents() -> None:
    items = Play().all(UPDATES)
    assert items[0].content == "First I look."
    assert items[1].content == "I write a file."
    assert items[2].arguments == {"filePath": "/workspace/notes.txt", "content": "one\n"}
    oops = next(item for item in items if item.exit_code == 3)
    assert "oops" in oops.result
    tested = [item.arguments for item in items if item.part_type == "tool_call" and item.tool_name == "run_tests"]
    assert tested == [{"test_path": "basics"}, {"test_path": ""}]
    calls = [item.call_id for item in items if item.part_type == "tool_call"]
    results = [item.call_id for item in items if item.part_type == "tool_result"]
    assert sorted(calls) == sorted(results)
    assert len(set(calls)) == len(calls)


def test_pieces_of_a_text_are_one_item() -> None:
    items = Play().all([words("Hel"), words("lo. "), words("More.", "m2"), thought("Hm.")])
    assert [(item.part_type, item.content) for item in items] == [
        ("text", "Hello. "),
        ("text", "More."),
        ("reasoning", "Hm."),
    ]
    assert items[0].raw["content"]["text"] == "Hello. "


def words(text: str, message: str = "m1") -> dict[str, Any]:
    content = {"type": "text", "text": text}
    return {"sessionUpdate": "agent_message_chunk", "messageId": message, "content": content}


def thought(text: str) -> dict[str, Any]:
    return {**words(text), "sessionUpdate": "agent_thought_chunk"}


def call(status: str | None = None, begin: bool = False, **fields: Any) -> dict[str, Any]:
    kind = "tool_call" if begin else "tool_call_update"
    return {"sessionUpdate": kind, "toolCallId": "c1", "status": status, **fields}


def test_a_call_that_only_ends_is_called_first() -> None:
    updates = [call("pending", begin=True, title="Read it", kind="read", rawInput={"path": "a"}), call("completed")]
    told = [brief(item) for item in Play().all(updates)]
    assert told == ["tool_call read", "tool_result read completed"]


def test_a_call_that_never_ran_is_told_at_the_end() -> None:
    assert [brief(item) for item in Play().all([call("pending", begin=True, rawInput={"a": 1})])] == ["tool_call other"]
    assert Play().all([call("pending", begin=True)]) == []


def test_null_says_nothing_new() -> None:
    updates = [call("in_progress", begin=True, title="bash", rawInput={"command": "ls"}), call("completed", title=None)]
    items = Play().all([*updates, call("completed")])
    assert [item.tool_name for item in items] == ["bash", "bash"]


def test_an_image_is_not_lost() -> None:
    image = {"sessionUpdate": "agent_message_chunk", "content": {"type": "image", "data": "AAAA", "mimeType": "x"}}
    (item,) = Play().all([image])
    assert item.raw[0]["content"]["data"] == "AAAA"


def test_what_a_terminal_printed_is_the_result() -> None:
    content = [{"type": "terminal", "terminalId": "t1"}]
    *_, result = Play().all([call("in_progress", begin=True, kind="execute"), call("completed", content=content)])
    assert (result.result, result.exit_code, result.tool_status) == ("from a terminal", 2, "failed")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"title": "loopwright_run_tests"}, "run_tests"),
        ({"title": "run_tests (loopwright MCP Server)"}, "run_tests"),
        ({"title": "Run things", "_meta": {"agent": {"toolName": "mcp__loopwright__run_tests"}}}, "run_tests"),
        ({"title": "prerun_tests"}, "prerun_tests"),
        ({"title": "A sentence about it", "kind": "edit"}, "edit"),
        ({"title": "A sentence about it", "_meta": {"claudeCode": {"toolName": "Write"}}}, "Write"),
        ({}, "other"),
    ],
)
def test_names_of_tools(fields: dict[str, Any], name: str) -> None:
    first, *_ = Play().all([call("in_progress", begin=True, **fields)])
    assert first.tool_name == name


def test_plan_is_told_whenever_it_changes() -> None:
    plan = {"sessionUpdate": "plan", "entries": [{"content": "one", "status": "pending"}]}
    done = {"sessionUpdate": "plan", "entries": [{"content": "one", "status": "completed"}]}
    items = Play().all([plan, plan, done])
    assert [item.content for item in items] == ["[pending] one", "[completed] one"]


def test_unknown_kinds_are_items_with_one_warning() -> None:
    play = Play()
    items = play.all([{"sessionUpdate": "dance", "n": 1}, {"sessionUpdate": "dance", "n": 2}])
    assert [(item.part_type, item.raw["n"]) for item in items] == [("unknown", 1), ("unknown", 2)]
    assert [code for code, _ in play.notices] == ["unknown_item"]


def test_activity_is_clear_at_the_end() -> None:
    play = Play()
    play.merger.update(call("in_progress", begin=True, title="bash"))
    assert play.activity.tools == {"c1": "bash"}
    play.merger.finish()
    assert play.activity.tools == {}


def test_an_id_that_is_used_again_is_another_call() -> None:
    begin = call("in_progress", begin=True, title="bash")
    told = [brief(item) for item in Play().all([begin, call("completed"), begin, call("completed")])]
    assert told == ["tool_call bash", "tool_result bash completed changes"] * 2


@given(st.integers(0, 10**9))
def test_spoilt_streams_lose_no_text_and_double_no_result(seed: int) -> None:
    chance = random.Random(seed)
    updates = [*UPDATES]
    for _ in range(chance.randrange(1, 30)):
        at, other = chance.randrange(len(updates)), chance.randrange(len(updates))
        what = chance.randrange(3)
        if what == 0:
            updates.insert(other, updates[at])
        elif what == 1:
            updates[at], updates[other] = updates[other], updates[at]
        else:
            updates.insert(at, chance.choice([None, [], {"sessionUpdate": 1}, {"sessionUpdate": "tool_call"}]))
    items = Play().all(updates)
    for kind in ("agent_message_chunk", "agent_thought_chunk"):
        part = "text" if kind == "agent_message_chunk" else "reasoning"
        sent = "".join(one["content"]["text"] for one in updates if one and one.get("sessionUpdate") == kind)
        assert "".join(item.content or "" for item in items if item.part_type == part) == sent
    ended = {one["toolCallId"] for one in updates if one and one.get("status") == "completed"}
    assert {item.call_id for item in items if item.part_type == "tool_result"} == ended


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
anything = st.fixed_dictionaries(
    {"sessionUpdate": st.sampled_from(["tool_call", "tool_call_update", "plan", "agent_message_chunk", "new"]) | junk},
    optional={
        "toolCallId": st.sampled_from(["a", "b"]) | junk,
        "status": st.sampled_from(["pending", "in_progress", "completed", "failed"]) | junk,
        "title": junk,
        "kind": junk,
        "content": junk,
        "rawInput": junk,
        "rawOutput": junk,
        "entries": junk,
        "messageId": junk,
        "_meta": junk,
    },
)


@given(st.lists(anything | junk, max_size=8))
def test_any_values_at_all_are_borne(updates: list[Any]) -> None:
    for item in Play().all(updates):
        assert isinstance(item.summary, str)
        json.encode(item.raw)
