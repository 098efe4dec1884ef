"""Claude Code's lines become items: from golden streams of the real CLI, and from streams that were spoilt."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.agents.foreign_stage import brief

from loopwright.agents import Activity, AgentItem, Delta
from loopwright.agents.claude.mapping import BLOCKS
from loopwright.agents.claude.stream import StreamReader
from loopwright.agents.claude.turns import TurnEnd, outcome_of
from loopwright.agents.lines import parse_object
from loopwright.base import MachineError

GOLDEN = Path(__file__).parents[1] / "golden" / "agents" / "claude"
VERSIONS = ["2.1.197", "2.1.329"]
STREAMS = {version: (GOLDEN / f"{version}.jsonl").read_bytes().splitlines() for version in VERSIONS}
NEWEST = [json.loads(line) for line in STREAMS["2.1.329"]]

EXPECTED = {
    "2.1.329": """\
1 reasoning
1 text
1 tool_call Write
1 tool_result Write completed changes
2 tool_call Edit
2 tool_result Edit completed changes
3 text
3 tool_call Bash
3 tool_call Bash
3 tool_call run_tests changes
3 tool_result Bash completed exit 0 changes
3 tool_result Bash failed exit 3 changes
3 tool_result run_tests completed
4 tool_call Agent
5 reasoning inner
5 tool_call Bash inner
5 tool_result Bash completed changes inner
6 text inner
4 tool_result Agent completed changes
7 tool_call nosuchtool
7 tool_result nosuchtool failed changes
8 tool_call Bash
8 tool_call Bash
8 tool_call run_tests changes
8 tool_result Bash completed exit 0 changes
8 tool_result Bash completed exit 0 changes
8 tool_result run_tests completed
9 text
10 text
10 tool_call Bash
10 tool_result Bash completed exit 0 changes
11 text
""",
    "2.1.197": """\
1 reasoning
1 text
1 tool_call Bash
1 tool_call mcp__lab__run_tests
1 tool_result Bash completed exit 0 changes
1 tool_result mcp__lab__run_tests completed changes
2 reasoning
2 tool_call TaskCreate
2 tool_result TaskCreate completed
3 tool_call Agent
4 tool_call Bash inner
4 tool_call mcp__lab__run_tests inner
4 tool_result Bash completed changes inner
4 tool_result mcp__lab__run_tests completed changes inner
5 tool_call TaskCreate inner
5 tool_result TaskCreate completed inner
6 tool_call Agent inner
6 tool_result Agent failed changes inner
3 tool_result Agent completed changes
7 text
""",
}


class Play:
    """A reader, and what it told."""

    def __init__(self, replies: int = 0) -> None:
        self.notices: list[tuple[str, str]] = []
        self.deltas: list[Delta] = []
        self.activity = Activity()
        self.reader = StreamReader(lambda *told: self.notices.append(told), self.deltas.append, self.activity, replies)

    def feed(self, *lines: Any) -> list[AgentItem]:
        return [item for line in lines for item in self.reader.items(line)]

    def raw(self, lines: list[bytes]) -> list[AgentItem]:
        """As the agent does: a line that is no object is an item as well."""
        items: list[AgentItem] = []
        for line in lines:
            value = parse_object(line)
            items += [self.reader.unreadable(line)] if value is None else self.feed(value)
        return items


def said(*blocks: Any, kind: str = "assistant", **more: Any) -> dict[str, Any]:
    message = {"id": "m1", "model": "m", "content": list(blocks), **more.pop("message", {})}
    return {"type": kind, "message": message, "parent_tool_use_id": None, **more}


def key(item: AgentItem) -> tuple[str, str, str]:
    return item.part_type, item.call_id, item.content or ""


@pytest.mark.parametrize("version", VERSIONS)
def test_golden_stream_becomes_the_items_that_it_was_recorded_from(version: str) -> None:
    items = Play().raw(STREAMS[version])
    assert [f"{item.reply} {brief(item)}" for item in items] == EXPECTED[version].splitlines()
    assert all(item.raw is not None and item.raw["type"] in ("assistant", "user") for item in items)
    calls = {item.call_id for item in items if item.part_type == "tool_call"}
    assert calls == {item.call_id for item in items if item.part_type == "tool_result"}


def test_golden_stream_keeps_contents() -> None:
    play = Play(replies=40)
    items = play.feed(*NEWEST)
    assert items[0].content == "First I look."
    assert items[2].arguments == {"file_path": "/workspace/notes.txt", "content": "one\n"}
    assert items[2].summary == "Write /workspace/notes.txt"
    assert "oops" in str(items[11].result)
    assert items[11].role == "user"
    agent = next(item for item in items if item.tool_name == "Agent")
    assert {item.parent for item in items} == {None, agent.call_id}
    assert items[0].reply == 41
    assert [code for code, _ in play.notices] == ["api_retry"]
    assert "529" in play.notices[0][1]
    text = "".join(delta.text for delta in play.deltas if delta.kind == "text")
    assert text.startswith("I write a file.Now several at once.")
    assert {delta.name for delta in play.deltas if delta.kind == "tool"} >= {"Write", "Edit", "Bash", "run_tests"}
    assert play.activity.tools == {}


def test_a_turn_is_over_when_the_cli_is_idle_and_every_message_was_read() -> None:
    first, second, steered = [line["command_uuid"] for line in NEWEST if line.get("state") == "queued"]
    one = TurnEnd(first)
    end = next(number for number, line in enumerate(NEWEST) if _over_after(one, line))
    two = TurnEnd(second, one)
    two.sent(steered)
    last = next(number for number, line in enumerate(NEWEST) if number > end and _over_after(two, line))
    assert [NEWEST[number].get("state") for number in (end, last)] == ["idle", "idle"]
    assert last == len(NEWEST) - 1
    assert two.result is not None
    assert outcome_of(two.result).outcome == "finished"


def _over_after(end: TurnEnd, line: dict[str, Any]) -> bool:
    end.see(line)
    return end.over


def test_a_turn_of_an_older_cli_is_over_with_its_result() -> None:
    end = TurnEnd("x")
    lines = [json.loads(line) for line in STREAMS["2.1.197"]]
    for line in lines[:-1]:
        end.see(line)
        assert not end.over
    end.see(lines[-1])
    assert end.over


def test_a_result_before_the_prompt_was_read_ends_nothing() -> None:
    idle = {"type": "system", "subtype": "session_state_changed", "state": "idle"}
    before = TurnEnd("before")
    before.see({"type": "command_lifecycle", "command_uuid": "before", "state": "completed"})
    end = TurnEnd("mine", before)
    for line in ({"type": "result"}, idle):
        end.see(line)
    assert not end.over
    end.see({"type": "command_lifecycle", "command_uuid": "mine", "state": "completed"})
    assert end.over


@pytest.mark.parametrize(
    ("result", "outcome", "detail"),
    [
        ({"subtype": "success", "is_error": False}, "finished", ""),
        ({"subtype": "success", "is_error": True, "result": "API Error: 401"}, "error", "API Error: 401"),
        ({"subtype": "success", "is_error": True, "result": "API Error: 402 It is over."}, "error", "It is over."),
        ({"subtype": "error_during_execution", "errors": ["it broke"]}, "error", "it broke"),
        ({"subtype": "error_during_execution", "terminal_reason": "aborted_tools"}, "interrupted", ""),
        ({"subtype": "error_max_turns", "is_error": True}, "limit", "turns"),
        ({"subtype": "brand_new"}, "error", "brand_new"),
        ({}, "error", "None"),
    ],
)
def test_outcome(result: dict[str, Any], outcome: str, detail: str) -> None:
    told = outcome_of({"type": "result", **result})
    assert told.outcome == outcome
    assert detail in told.detail


@pytest.mark.parametrize(
    ("name", "block", "details", "status", "code"),
    [
        ("Bash", {"content": "x"}, {"stdout": "x", "interrupted": False}, "completed", 0),
        ("Bash", {"content": "x"}, {"returnCodeInterpretation": "No matches found"}, "completed", None),
        ("Bash", {"content": "x"}, {"interrupted": True}, "failed", None),
        ("Bash", {"content": "Exit code 7\nno", "is_error": True}, "Error: Exit code 7\nno", "failed", 7),
        ("Bash", {"content": "Exit code 143\nCommand timed out after 1s", "is_error": True}, None, "timeout", 143),
        (
            "Bash",
            {"content": "The user doesn't want to proceed with this tool use.", "is_error": True},
            None,
            "denied",
            None,
        ),
        ("Bash", {"content": "Dangerous rm operation detected: '/'", "is_error": True}, None, "denied", None),
        ("Write", {"content": "Exit code 7", "is_error": True}, None, "failed", None),
        ("Read", {"content": [{"type": "text", "text": "a"}, {"type": "image"}]}, None, "completed", None),
        ("Read", {"content": None}, None, "completed", None),
    ],
)
def test_results(name: str, block: dict[str, Any], details: Any, status: str, code: int | None) -> None:
    play = Play()
    call = said({"type": "tool_use", "id": "c1", "name": name, "input": {}})
    result = said({"type": "tool_result", "tool_use_id": "c1", **block}, kind="user", tool_use_result=details)
    *_, item = play.feed(call, result)
    assert (item.tool_name, item.tool_status, item.exit_code) == (name, status, code)
    assert item.may_change_files == (name != "Read")
    assert play.activity.tools == {}


def test_result_of_several_blocks_is_the_text_of_all() -> None:
    block = {"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": "a"}, {"type": "image"}]}
    assert [item.result for item in Play().feed(said(block, kind="user"))] == ["a\n[image]"]


def test_what_is_unknown_is_kept_and_told_once() -> None:
    play = Play()
    items = play.feed(
        said({"type": "hologram", "id": 1}, uuid="a"),
        said({"type": "hologram", "id": 2}, uuid="b"),
        {"type": "novelty", "x": 1},
        {"type": "system", "subtype": "novelty"},
        {"type": "assistant", "message": 7},
    )
    items += [play.reader.unreadable(b"plain words \xff")]
    assert [item.part_type for item in items] == ["unknown"] * 6
    assert items[0].raw["message"]["content"] == [{"type": "hologram", "id": 1}]
    assert items[2].content == '{"type": "novelty", "x": 1}'
    assert items[5].content == "plain words \N{REPLACEMENT CHARACTER}"
    assert len(play.notices) == 5


def test_what_is_no_part_is_no_item() -> None:
    play = Play()
    lines = [
        {"type": "system", "subtype": "status"},
        {"type": "control_response"},
        {"type": "command_lifecycle"},
        said({"type": "text", "text": "[Request interrupted by user]"}, kind="user"),
        said({"type": "text", "text": "the prompt of a sub-agent"}, kind="user", parent_tool_use_id="c"),
        said({"type": "text", "text": "what was typed"}, kind="user", isReplay=True),
        {"type": "stream_event", "event": 7},
    ]
    assert play.feed(*lines) == []
    assert play.notices == []


def test_what_the_cli_put_into_the_conversation_is_a_part_of_the_user() -> None:
    play = Play()
    line = said(kind="user", message={"content": "A summary of what was before."})
    items = play.feed({"type": "system", "subtype": "compact_boundary"}, line)
    assert [(item.part_type, item.role, item.item_type) for item in items] == [("text", "user", "user_text")]
    assert [code for code, _ in play.notices] == ["compacted"]


def test_missing_mcp_server_is_an_error() -> None:
    servers = [{"name": "other", "status": "failed"}, {"name": "loopwright", "status": "failed"}]
    with pytest.raises(MachineError, match=r"run_tests .*failed"):
        Play().feed({"type": "system", "subtype": "init", "mcp_servers": servers})


def test_a_denied_call_is_told_once_and_is_no_unknown_item() -> None:
    play = Play()
    assert play.feed({"type": "system", "subtype": "permission_denied", "tool_name": "Bash"}) == []
    assert play.notices == []


def test_denied_calls_are_told() -> None:
    play = Play()
    assert play.feed({"type": "result", "permission_denials": [{"tool_name": "mcp__loopwright__run_tests"}]}) == []
    assert play.notices == [("denied", "Claude Code denied 1 call: run_tests")]


def _well_formed(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if line["type"] in ("assistant", "user")]


@given(st.integers(0, 10**9))
def test_no_item_is_lost_or_doubled_where_lines_change_places_or_come_twice(seed: int) -> None:
    chance = random.Random(seed)
    lines = _well_formed(NEWEST) * 2
    chance.shuffle(lines)
    assert sorted(map(key, Play().feed(*lines))) == sorted(map(key, Play().feed(*NEWEST)))


def _mutated(value: Any, chance: random.Random) -> Any:
    """The value with one leaf of it replaced."""
    if isinstance(value, dict) and value:
        name = chance.choice(list(value))
        return {**value, name: _mutated(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.7:
        at = chance.randrange(len(value))
        return [*value[:at], _mutated(value[at], chance), *value[at + 1 :]]
    return chance.choice([None, 0, -1, 1e300, "", "x", [], {}, True, ["y"], {"a": 1}])


@given(st.integers(0, 10**9))
def test_no_spoilt_line_breaks_the_reader_or_costs_another_one(seed: int) -> None:
    chance = random.Random(seed)
    whole = _well_formed(NEWEST)
    spoilt = set(chance.sample(range(len(whole)), 8))
    lines = [json.dumps(line).encode() for line in whole]
    for at in spoilt:
        if chance.random() < 0.5:
            lines[at] = lines[at][: chance.randrange(len(lines[at]))] or b"?"
        else:
            lines[at] = json.dumps(_mutated(whole[at], chance)).encode()
    play = Play()
    told = {key(item) for item in play.raw(lines)}
    kept = [line for at, line in enumerate(whole) if at not in spoilt]
    assert {key(item) for item in Play().feed(*kept)} <= told


@given(st.lists(st.integers(0, len(NEWEST) - 1), max_size=40), st.integers(0, 10**9))
def test_any_selection_of_spoilt_lines_is_borne(chosen: list[int], seed: int) -> None:
    chance = random.Random(seed)
    play, end = Play(), TurnEnd("x")
    for at in chosen:
        line = _mutated(NEWEST[at], chance)
        end.see(line)
        try:
            items = play.feed(line)
        except MachineError:
            continue
        assert all(isinstance(item.summary, str) for item in items)
        if end.result is not None:
            outcome_of(end.result)
        assert end.over in (True, False)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
blocks = st.fixed_dictionaries(
    {"type": st.sampled_from([*BLOCKS, "new"]) | junk},
    optional={name: junk for name in ("id", "name", "input", "text", "thinking", "content", "tool_use_id", "is_error")},
)


@given(st.sampled_from(["assistant", "user"]), st.lists(blocks | junk, max_size=4), junk, junk)
def test_any_blocks_at_all_become_one_item_each(kind: str, content: list[Any], details: Any, ident: Any) -> None:
    items = Play().feed(said(*content, kind=kind, message={"id": ident}, tool_use_result=details))
    prompts = [one for one in content if isinstance(one, dict) and one.get("type") == "text"]
    assert len(content) - len(prompts) <= len(items) <= len(content)
    assert all(item.part_type == "unknown" or item.item_type in (*BLOCKS, "user_text") for item in items)
