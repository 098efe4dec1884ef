from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.gateway._conversation import conversation_of, short_name
from loopwright.gateway._purpose import purpose_of
from loopwright.gateway.scripted.side import side_answer
from loopwright.gateway.wire.neutral import Ask, OfferedTool

TOOLS = (OfferedTool("run_shell"),)


def ask(user: str = "go") -> Ask:
    return Ask(TOOLS, user, user, "system\n" + user, [])


def body(user: str = "go", tools: bool = True, **more: Any) -> dict[str, Any]:
    value: dict[str, Any] = {"messages": [{"role": "user", "content": user}]}
    return value | ({"tools": [{"name": "x"}]} if tools else {}) | more


def test_a_request_with_tools_is_part_of_the_conversation() -> None:
    assert purpose_of({}, body()) == "turn"
    assert purpose_of({}, body(max_tokens=4096)) == "turn"
    assert side_answer("turn", "demo") is None
    assert side_answer("subagent", "demo") is None


def test_a_title_request_or_a_probe_is_not() -> None:
    title = {"messages": [{"role": "system", "content": "You are a title generator."}, {"role": "user"}]}
    assert purpose_of({}, title) == "title"
    assert purpose_of({}, {"system": [{"text": "Write a title."}], "messages": []}) == "title"
    assert purpose_of({}, body(tools=False)) == "side"
    assert purpose_of({}, body(max_tokens=1)) == "side"
    assert side_answer("title", "demo") == side_answer("side", "demo") == "Scripted run of demo"


def test_compaction_by_header_or_by_prompt() -> None:
    prompt = "Your task is to create a detailed summary of the conversation so far"
    assert purpose_of({"x-codex-turn-metadata": '{"request_kind": "compaction"}'}, body()) == "compaction"
    assert purpose_of({}, body(prompt)) == "compaction"
    assert purpose_of({}, {"input": [{"role": "user", "content": [{"text": prompt}]}], "tools": [1]}) == "compaction"
    opencode = {"messages": [{"role": "system", "content": "You are a context summarization agent."}]}
    assert purpose_of({}, opencode) == "compaction"
    assert str(side_answer("compaction", "demo")).startswith("Summary")


@pytest.mark.parametrize("metadata", ['{"request_kind": "turn"}', "[not an object", "3", ""])
def test_any_other_metadata_is_a_turn(metadata: str) -> None:
    assert purpose_of({"x-codex-turn-metadata": metadata}, body()) == "turn"


def test_codex_says_that_a_request_without_tools_is_a_turn() -> None:
    assert purpose_of({"x-codex-turn-metadata": '{"request_kind": "turn"}'}, body(tools=False)) == "turn"


@pytest.mark.parametrize("header", ["x-openai-subagent", "x-claude-code-agent-id", "x-parent-session-id"])
def test_a_sub_agent_says_so_in_a_header(header: str) -> None:
    assert purpose_of({header: "x"}, body()) == "subagent"
    assert purpose_of({header: "x"}, body(tools=False)) == "side"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["role", "content", "text"]), inner),
)


@given(
    st.dictionaries(st.sampled_from(["input", "messages", "tools", "system", "max_tokens"]), anything),
    st.text(max_size=20),
)
def test_any_request_has_a_purpose(value: dict[str, Any], metadata: str) -> None:
    assert purpose_of({"x-codex-turn-metadata": metadata}, value) in ("turn", "title", "side")


def test_the_most_specific_header_names_the_conversation() -> None:
    headers = {"session-id": "s", "thread-id": "t", "x-loopwright-conversation": "mine"}
    assert conversation_of(headers, ask()) == "mine"
    assert conversation_of({"session-id": "s", "thread-id": "t"}, ask()) == "t"
    assert conversation_of({"x-claude-code-session-id": "c"}, ask()) == "c"
    assert conversation_of({"x-claude-code-session-id": "c", "x-claude-code-agent-id": "a"}, ask()) == "a"
    assert conversation_of({"x-session-id": "o"}, ask()) == "o"


def test_without_a_header_the_opening_names_it() -> None:
    assert conversation_of({}, ask()) == conversation_of({}, ask())
    assert conversation_of({}, ask()) != conversation_of({}, ask("other"))


def test_a_name_of_any_length_and_content_is_made_safe() -> None:
    assert len(conversation_of({"session-id": "x" * 5000}, ask())) == 64
    assert short_name("../../etc").isalnum()
