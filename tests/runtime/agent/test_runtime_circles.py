"""Going in circles, and what only looks like it, in transcripts as they happen."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from loopwright.runtime.agent.book import Book, Entry

pytestmark = pytest.mark.slow

DONE = {"say": "Done."}


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"call": {"name": name, "arguments": arguments, "force": True}}


def nudges(lab: Any, replies: list[Any], profile: str = "") -> list[str]:
    ran = lab.run(yaml.safe_dump(replies), profile)
    assert ran.outcome.outcome == "finished", ran.outcome
    return list(ran.said("nudge"))


def test_work_between_two_equal_test_results_is_no_circle(lab: Any) -> None:
    replies = [{"calls": [call("run_shell", command=f"echo {n} >> a"), call("run_tests")]} for n in range(6)]
    assert nudges(lab, [*replies, DONE]) == []


def test_the_same_edit_of_different_files_is_no_circle(lab: Any) -> None:
    block = "f{}.c\n```\n<<<<<<< SEARCH\n=======\nx\n>>>>>>> REPLACE\n```\n"
    profile = """
    provider_tools: {use_native: false}
    tools: {dialects: {preference: {by_tool_kind: {diff: [aider_diff], bash: [bash_block]}}}}
    """
    assert nudges(lab, [{"say": block.format(n)} for n in range(5)] + [DONE], profile) == []


def test_calls_that_only_have_to_wait_for_the_next_reply_are_no_circle(lab: Any) -> None:
    replies = [{"calls": [call("run_shell", command=f"echo {n} {m}") for m in range(5)]} for n in range(4)]
    for profile in (
        "loop: {turn_strategy: {allow_multiple_per_turn: false}}",
        "enhanced_tools: {validation: {rules: [one_bash_per_turn]}}",
        "concurrency: {at_most_one_of: [run_shell]}",
    ):
        assert nudges(lab, [*replies, DONE], profile) == []


def test_the_same_refusal_again_and_again_is_one(lab: Any) -> None:
    ran = lab.run(
        yaml.safe_dump([{"calls": [call("run_shell", command="touch x"), call("list_dir")]} for n in range(9)]),
        "enhanced_tools: {permissions: {shell: {denylist: [touch]}}}",
    )
    assert (ran.outcome.outcome, len(ran.said("nudge"))) == ("error", 1)
    assert ran.outcome.detail.startswith("stuck: ")
    assert len(ran.requests) < 9


def test_a_circle_long_after_another_one_gets_a_word_of_its_own(lab: Any) -> None:
    same = [{"calls": [call("run_shell", command="cat a")]}] * 3
    work = [{"calls": [call("run_shell", command=f"echo {n}")]} for n in range(6)]
    replies = [*same, *work, *same, DONE]
    assert len(nudges(lab, replies, "loop: {stuck: {window: 6}}")) == 2
    ran = lab.run(yaml.safe_dump(replies), "loop: {stuck: {window: 12}}")
    assert ran.outcome.detail == "stuck: repeated_error: the same error, 3 times, also after it was told"


def test_a_person_who_says_something_ends_a_circle(lab: Any) -> None:
    """The word comes with the last of the calls that would have ended the turn."""
    lab.steer_after = (13, "Try b instead.")
    replies = [{"calls": [call("run_shell", command="cat a")]}] * 6
    ran = lab.run(yaml.safe_dump([*replies, {"calls": [call("run_shell", command="echo b")]}, DONE]))
    assert ran.said("steer") == ["Try b instead."]
    assert ran.outcome.outcome == "finished"
    assert ran.result() == "b"


def test_a_call_that_was_made_before_is_known_after_a_crash() -> None:
    first, second = Book(20), Book(20)
    entries = [Entry("run_shell", {"command": "ls"}, "x", "completed") for _ in range(2)]
    for entry in entries:
        first.call(entry)
    assert [entry.again for entry in entries] == [False, True]
    notes = [Entry.of(entry.note(), entry.arguments, entry.result, entry.status) for entry in entries]
    for entry in notes:
        second.call(entry)
    assert [entry.again for entry in notes] == [False, True]
