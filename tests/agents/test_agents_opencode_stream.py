"""OpenCode's events become items: from golden streams of the real server, and from streams that were spoilt."""

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
from loopwright.agents.opencode.stream import Mapper
from loopwright.agents.protocol import Delta
from loopwright.record import Usage

GOLDEN = Path(__file__).parents[1] / "golden" / "agents" / "opencode" / "1.18.33.jsonl"
EVENTS: list[dict[str, Any]] = [json.decode(line) for line in GOLDEN.read_bytes().splitlines()]
ROOT = next(event["properties"]["sessionID"] for event in EVENTS if event["type"] == "session.created")

EXPECTED = [
    "reasoning",
    "text",
    "tool_call write",
    "tool_result write completed changes",
    "tool_call edit",
    "tool_result edit completed changes",
    "text",
    "tool_call bash",
    "tool_call bash",
    "tool_call run_tests changes",
    "tool_call task",
    "reasoning inner",
    "tool_call bash inner",
    "tool_result bash completed exit 0 changes inner",
    "text inner",
    "tool_result task completed changes",
    "tool_call nosuchtool",
    "tool_result nosuchtool failed",
    "tool_call bash",
    "tool_call bash",
    "tool_call run_tests changes",
    "text",
]


class Play:
    """A mapper, and what it told."""

    def __init__(self, root: str = ROOT) -> None:
        self.notices: list[tuple[str, str]] = []
        self.deltas: list[Delta] = []
        self.activity = Activity()
        self.mapper = Mapper(root, 0, lambda *told: self.notices.append(told), self.deltas.append, self.activity)

    def feed(self, event: Any) -> list[AgentItem]:
        properties = event.get("properties") if isinstance(event, dict) else None
        properties = properties if isinstance(properties, dict) else {}
        if "part" in properties:
            return self.mapper.part(properties["part"])
        kind = event.get("type") if isinstance(event, dict) else None
        if kind == "message.updated":
            return self.mapper.message(properties.get("info"))
        if kind == "message.part.delta":
            self.mapper.delta(properties)
        if kind == "message.part.removed":
            self.mapper.removed(properties)
        return []

    def all(self, events: list[Any]) -> list[AgentItem]:
        return [item for event in events for item in self.feed(event)] + self.mapper.finish()


def listing(events: list[dict[str, Any]], session: str) -> list[dict[str, Any]]:
    """What the server would list of a session after these events."""
    messages: dict[str, dict[str, Any]] = {}
    for event in events:
        properties = event["properties"]
        if properties.get("sessionID") != session:
            continue
        if event["type"] == "message.updated":
            messages.setdefault(properties["info"]["id"], {"parts": {}})["info"] = properties["info"]
        elif event["type"] == "message.part.updated":
            part = properties["part"]
            messages.setdefault(part["messageID"], {"parts": {}})["parts"][part["id"]] = part
    return [{"info": one.get("info"), "parts": list(one["parts"].values())} for one in messages.values()]


def keys(items: list[AgentItem]) -> list[tuple[str, str]]:
    """Which part of the stream, and which half of it, an item was made of."""
    return [(item.part_type, item.raw["id"]) for item in items]


def test_golden_stream_becomes_the_items_that_it_was_recorded_from() -> None:
    items = Play().all(EVENTS)
    told = [brief(item) for item in items]
    results = sorted(told[i] for i, item in enumerate(items) if item.part_type == "tool_result" and not item.parent)
    assert [one for one in told if "tool_result" not in one] == [one for one in EXPECTED if "tool_result" not in one]
    assert results == sorted(
        [
            "tool_result write completed changes",
            "tool_result edit completed changes",
            "tool_result bash completed exit 0 changes",
            "tool_result bash failed exit 3 changes",
            "tool_result run_tests completed",
            "tool_result task completed changes",
            "tool_result nosuchtool failed",
            "tool_result bash completed exit 0 changes",
            "tool_result bash completed exit 0 changes",
            "tool_result run_tests completed",
        ]
    )


def test_golden_stream_keeps_contents() -> None:
    items = Play().all(EVENTS)
    thought, said, call, result = items[:4]
    assert thought.content == "First I look."
    assert said.content == "I write a file."
    assert call.arguments == {"filePath": "/workspace/notes.txt", "content": "one\n"}
    assert result.call_id == call.call_id
    assert call.summary == "write /workspace/notes.txt"
    oops = next(item for item in items if item.exit_code == 3)
    assert "oops" in oops.result
    assert oops.role == "user"
    task = next(item for item in items if item.tool_name == "task")
    inner = [item for item in items if item.parent]
    assert {item.parent for item in inner} == {task.call_id}
    tested = [item for item in items if item.tool_name == "run_tests" and item.part_type == "tool_call"]
    assert [item.arguments for item in tested] == [{"test_path": "basics"}, {"test_path": ""}]
    assert all(item.raw is not None for item in items)


def test_replies_are_numbered_and_their_last_item_has_the_usage() -> None:
    items = Play().all(EVENTS)
    replies = [item.reply for item in items]
    assert set(replies) == set(range(1, 10))
    for reply in set(replies):
        of_it = [item for item in items if item.reply == reply]
        assert [item.usage is not None for item in of_it] == [False] * (len(of_it) - 1) + [True]
    usage = next(item.usage for item in items if item.usage)
    assert isinstance(usage, Usage)
    assert usage.input_tokens > 1000
    assert usage.output_tokens >= usage.reasoning_tokens > 0


def test_activity_follows_the_tools() -> None:
    play = Play()
    seen: set[str] = set()
    for event in EVENTS:
        play.feed(event)
        seen.update(play.activity.tools.values())
    assert seen == {"write", "edit", "bash", "run_tests", "task", "nosuchtool"}
    assert play.activity.tools == {}


def test_deltas_are_of_the_main_session_only() -> None:
    play = Play()
    play.all(EVENTS)
    text = "".join(delta.text for delta in play.deltas if delta.kind == "text")
    assert text.startswith("I write a file.")
    assert "It says two." not in text
    assert any(delta.kind == "output" for delta in play.deltas)


@pytest.mark.parametrize("kept", [0, 1, 10, 40, 80, 120])
def test_what_the_stream_missed_is_filled_in_once(kept: int) -> None:
    play = Play()
    items = [item for event in EVENTS[:kept] for item in play.feed(event)]
    play.mapper.gap()
    children = {event["properties"]["info"]["id"] for event in EVENTS if event["type"] == "session.created"} - {ROOT}
    for child in children:
        items += play.mapper.listed(listing(EVENTS, child))
    items += play.mapper.listed(listing(EVENTS, ROOT)) + play.mapper.finish()
    assert sorted(keys(items)) == sorted(keys(Play().all(EVENTS)))
    assert not [item for item in items if item.tool_name == "bash" and item.parent == ""]


def test_nothing_is_told_again_in_the_next_turn() -> None:
    play = Play()
    play.all(EVENTS)
    assert play.all(EVENTS) == []
    assert play.mapper.listed(listing(EVENTS, ROOT)) == []


def test_messages_of_an_earlier_process_are_known() -> None:
    play = Play()
    play.mapper.know(listing(EVENTS, ROOT))
    main = [event for event in EVENTS if event["properties"].get("sessionID") == ROOT]
    assert play.all(main) == []


def event_of(part: dict[str, Any], session: str = "ses_1", message: str = "msg_1") -> dict[str, Any]:
    whole = {"sessionID": session, "messageID": message, "id": "prt_1", **part}
    return {"type": "message.part.updated", "properties": {"part": whole}}


def begin(session: str = "ses_1", message: str = "msg_1", role: str = "assistant") -> dict[str, Any]:
    info = {"id": message, "sessionID": session, "role": role}
    return {"type": "message.updated", "properties": {"info": info}}


def test_unknown_kind_is_one_item_and_one_warning() -> None:
    play = Play("ses_1")
    items = play.all(
        [
            begin(),
            event_of({"type": "hologram", "id": "prt_1", "state": 1}),
            event_of({"type": "hologram", "id": "prt_1", "state": 2}),
            event_of({"type": "hologram", "id": "prt_2"}),
        ]
    )
    assert [(item.part_type, item.item_type) for item in items] == [("unknown", "hologram")] * 2
    assert items[0].raw["state"] == 2
    assert [code for code, _ in play.notices] == ["unknown_item"]


def test_bookkeeping_of_opencode_is_no_item() -> None:
    play = Play("ses_1")
    kinds = ("step-start", "snapshot", "patch")
    assert play.all([begin(), *(event_of({"type": kind, "id": kind}) for kind in kinds)]) == []
    assert play.notices == []


def test_file_is_part_of_a_prompt_but_unknown_in_a_reply() -> None:
    play = Play("ses_1")
    asked = [begin(message="m1", role="user"), event_of({"type": "file", "id": "p1"}, message="m1")]
    assert play.all(asked) == []
    answered = [begin(message="m2"), event_of({"type": "file", "id": "p2"}, message="m2")]
    assert [item.part_type for item in play.all(answered)] == ["unknown"]


def test_words_are_complete_when_a_tool_is_called_and_the_rest_is_not_lost() -> None:
    play = Play("ses_1")
    text = {"type": "text", "id": "p1", "time": {"start": 1}}
    more = {"messageID": "msg_1", "partID": "p1", "field": "text", "delta": "I look. "}
    tool = {"type": "tool", "id": "p2", "tool": "bash", "callID": "c", "state": {"status": "running", "input": {}}}
    play.feed(begin())
    play.feed(event_of({**text, "text": ""}))
    play.feed({"type": "message.part.delta", "properties": more})
    assert [brief(item) for item in play.feed(event_of(tool))] == ["text", "tool_call bash"]
    assert play.feed(event_of({**text, "text": "I look.", "time": {"start": 1, "end": 2}})) == []
    again = Play("ses_1")
    again.feed(begin())
    again.feed(event_of({**text, "text": "I"}))
    again.feed(event_of(tool))
    rest = again.all([event_of({**text, "text": "I look on.", "time": {"start": 1, "end": 2}})])
    assert [item.content for item in rest] == [" look on."]


def test_call_ids_that_models_use_twice_are_told_apart() -> None:
    play = Play("ses_1")
    state = {"status": "completed", "input": {}, "output": "x"}
    tools = [
        event_of({"type": "tool", "id": f"p{n}", "tool": "read", "callID": "call_0", "state": state}, message=f"m{n}")
        for n in (1, 2)
    ]
    items = play.all([begin(message="m1"), begin(message="m2"), *tools])
    assert [item.call_id for item in items] == ["call_0", "call_0", "p2", "p2"]


@pytest.mark.parametrize(
    ("tool", "state", "expected"),
    [
        ("bash", {"status": "completed", "output": "x", "metadata": {"exit": 0}}, "completed"),
        ("bash", {"status": "completed", "output": "x", "metadata": {"exit": 1}}, "failed"),
        (
            "bash",
            {"status": "completed", "output": "shell tool terminated command after exceeding timeout 9 ms."},
            "timeout",
        ),
        ("write", {"status": "error", "error": "no"}, "failed"),
        ("write", {"status": "error", "error": "The user rejected permission to use this tool"}, "denied"),
        ("invalid", {"status": "completed", "output": "no such tool"}, "failed"),
        ("read", {"status": "completed", "output": "x", "metadata": {"exit": "1"}}, "completed"),
    ],
)
def test_status_of_results(tool: str, state: dict[str, Any], expected: str) -> None:
    play = Play("ses_1")
    *_, result = play.all([begin(), event_of({"type": "tool", "tool": tool, "callID": "c", "state": state})])
    assert result.tool_status == expected


def test_items_of_a_session_that_no_call_names_are_kept() -> None:
    play = Play("ses_1")
    events = [begin("ses_2"), event_of({"type": "text", "text": "hello", "time": {"end": 1}}, session="ses_2")]
    assert [item.content for item in play.all(events)] == ["hello"]


def test_text_that_was_taken_back_is_no_item() -> None:
    play = Play("ses_1")
    removed = {"type": "message.part.removed", "properties": {"messageID": "msg_1", "partID": "prt_1"}}
    assert play.all([begin(), event_of({"type": "text", "text": "half"}), removed]) == []


def test_a_broken_text_is_told_as_far_as_it_came() -> None:
    play = Play("ses_1")
    assert [item.content for item in play.all([begin(), event_of({"type": "text", "text": "half"})])] == ["half"]


def spoilt(seed: int) -> list[Any]:
    """The golden stream, cut, reordered, doubled and changed."""
    chance = random.Random(seed)
    events: list[Any] = [*EVENTS]
    for _ in range(chance.randrange(1, 30)):
        at = chance.randrange(len(events))
        what = chance.randrange(5)
        if what == 0:
            del events[at]
        elif what == 1:
            events.insert(chance.randrange(len(events)), events[at])
        elif what == 2:
            other = chance.randrange(len(events))
            events[at], events[other] = events[other], events[at]
        elif what == 3:
            events[at] = mutated(events[at], chance)
        else:
            events = events[: max(at, len(EVENTS) // 3)]
    return events


def mutated(value: Any, chance: random.Random) -> Any:
    """The value with one leaf of it replaced."""
    if isinstance(value, dict) and value:
        key = chance.choice(list(value))
        return {**value, key: mutated(value[key], chance)}
    return chance.choice([None, 0, -1, 1e300, "", "x", [], {}, True, ["y"], {"a": 1}])


@given(st.integers(0, 10**9))
def test_no_spoilt_stream_breaks_the_mapper_or_doubles_an_item(seed: int) -> None:
    play = Play()
    items = play.all(spoilt(seed))
    told = [(item.part_type, item.raw.get("id"), item.content) for item in items if isinstance(item.raw.get("id"), str)]
    assert len(told) == len(set(told))
    assert play.mapper.finish() == []


@given(st.integers(0, 10**9))
def test_no_item_is_lost_where_only_the_order_changes(seed: int) -> None:
    events = [*EVENTS]
    random.Random(seed).shuffle(events)
    items = Play().all(events + events[: seed % len(events)])
    assert sorted(set(keys(items))) == sorted(set(keys(Play().all(EVENTS))))


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["p1", "p2"]) | junk,
        "messageID": st.just("msg_1") | junk,
        "sessionID": st.sampled_from(["ses_1", "ses_2"]) | junk,
        "type": st.sampled_from(["text", "reasoning", "tool", "step-finish", "patch", "retry", "new"]) | junk,
        "text": junk,
        "tool": st.sampled_from(["bash", "task", "invalid"]) | junk,
        "callID": junk,
        "time": st.just({"end": 1}) | junk,
        "tokens": junk,
        "state": junk
        | st.fixed_dictionaries(
            {"status": st.sampled_from(["pending", "running", "completed", "error"])},
            optional={"input": junk, "output": junk, "error": junk, "metadata": junk},
        ),
    },
)


@given(st.lists(fields, max_size=8))
def test_any_values_at_all_are_borne(parts: list[dict[str, Any]]) -> None:
    play = Play("ses_1")
    play.mapper.message({"id": "msg_1", "sessionID": "ses_1", "role": "assistant"})
    for part in parts:
        play.mapper.part(part)
        play.mapper.release()
    for item in play.mapper.finish():
        assert isinstance(item.summary, str)
