from __future__ import annotations

from loopwright.gateway.scripted.conversation import conversation_of, short_name
from loopwright.gateway.scripted.side import side_answer, summary_answer
from loopwright.gateway.wire.neutral import Ask, OfferedTool

TOOLS = (OfferedTool("run_shell"),)


def ask(tools: tuple[OfferedTool, ...] = TOOLS, user: str = "go", most: int | None = None) -> Ask:
    return Ask(tools, user, user, "system\n" + user, [], max_output=most)


def test_a_request_with_tools_is_part_of_the_conversation() -> None:
    assert side_answer(ask(), "demo") is None
    assert side_answer(ask(most=4096), "demo") is None
    assert summary_answer(ask(), {}, "demo") is None


def test_a_title_request_or_a_probe_is_not() -> None:
    assert side_answer(ask(tools=()), "demo") == "Scripted run of demo"
    assert side_answer(ask(most=1), "demo") == "Scripted run of demo"


def test_compaction_by_header_or_by_prompt() -> None:
    def summary(metadata: str, user: str = "go") -> str | None:
        return summary_answer(ask(user=user), {"x-codex-turn-metadata": metadata}, "demo")

    prompt = "Your task is to create a detailed summary of the conversation so far"
    assert summary('{"request_kind": "compaction"}') == summary("{}", prompt)
    assert str(summary("{}", prompt)).startswith("Summary")
    for metadata in ('{"request_kind": "turn"}', "[not an object", "3", ""):
        assert summary(metadata) is None


def test_the_most_specific_header_names_the_conversation() -> None:
    headers = {"session-id": "s", "thread-id": "t", "x-loopwright-conversation": "mine"}
    assert conversation_of(headers, ask()) == "mine"
    assert conversation_of({"session-id": "s", "thread-id": "t"}, ask()) == "t"
    assert conversation_of({"x-claude-code-session-id": "c"}, ask()) == "c"
    assert conversation_of({"x-session-id": "o"}, ask()) == "o"


def test_without_a_header_the_opening_names_it() -> None:
    assert conversation_of({}, ask()) == conversation_of({}, ask())
    assert conversation_of({}, ask()) != conversation_of({}, ask(user="other"))


def test_a_name_of_any_length_and_content_is_made_safe() -> None:
    assert len(conversation_of({"session-id": "x" * 5000}, ask())) == 64
    assert short_name("../../etc").isalnum()
