"""When the agent yields, and when it is going round in circles."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.runtime.agent.completion import Decision, decide
from loopwright.runtime.agent.stuck import CircleWatch
from loopwright.runtime.config.schema.loop import Completion


def judged(section: dict[str, Any] | None = None, **seen: Any) -> Decision:
    facts: dict[str, Any] = {
        "finished_with": None, "prose": "", "calls": 1, "finish_reason": "tool_calls", "replies_without_call": 0,
    }  # fmt: skip
    return decide(Completion.model_validate(section or {}), **{**facts, **seen})


SILENT = {"calls": 0, "replies_without_call": 1}


@pytest.mark.parametrize(
    ("section", "seen", "ends"),
    [
        ({}, {}, False),
        ({}, {"finished_with": "all done"}, True),
        ({}, SILENT, True),
        ({"natural_finish": {"no_tool_turns_threshold": 2}}, SILENT, False),
        *[({}, {**SILENT, "finish_reason": cut}, False) for cut in ("length", "max_tokens", "max_output_tokens")],
        (
            {"natural_finish": {"idle_turn_limit": 2}},
            {"calls": 0, "replies_without_call": 2, "finish_reason": "length"},
            True,
        ),
        ({"natural_finish": {"no_tool_turns_threshold": 2}}, {"calls": 0, "replies_without_call": 2}, True),
        ({"confidence_threshold": 0.8}, SILENT, False),
        ({"confidence_threshold": 0.8, "primary": "natural"}, SILENT, True),
        ({"confidence_threshold": 0.8, "provider_signals": True}, {**SILENT, "finish_reason": "stop"}, True),
        ({"confidence_threshold": 0.8, "provider_signals": True}, {**SILENT, "finish_reason": "length"}, False),
        (
            {"confidence_threshold": 0.8, "primary": "tool", "provider_signals": True},
            {**SILENT, "finish_reason": "stop"},
            False,
        ),
        ({"text_sentinels": ("TASK DONE",)}, {"prose": "ok\n  TASK DONE\n"}, True),
        ({"text_sentinels": ("TASK DONE",)}, {"prose": "say TASK DONE when done"}, False),
        ({"text_sentinels": ("TASK DONE",)}, {"prose": "```\nTASK DONE\n```"}, False),
        ({"text_sentinels": ("TASK DONE",), "confidence_threshold": 0.95}, {"prose": "TASK DONE"}, False),
        (
            {"confidence_threshold": 1.0, "primary": "tool", "natural_finish": {"idle_turn_limit": 3}},
            {"calls": 0, "replies_without_call": 3},
            True,
        ),
    ],
)
def test_signs_and_thresholds(section: dict[str, Any], seen: dict[str, Any], ends: bool) -> None:
    decision = judged(section, **seen)
    assert decision.ends is ends
    assert decision.detail


def test_signs_support_each_other_in_a_hybrid() -> None:
    both = judged({"provider_signals": True}, **SILENT, finish_reason="stop")
    assert both.confidence == pytest.approx(1 - 0.3 * 0.4)
    assert [sign.kind for sign in both.signs] == ["natural", "provider"]
    seen = "its last reply called no tool, and the model stopped with 'stop'"
    assert both.detail == f"{seen}: confidence 0.88, enough for 0.6"


def test_a_decision_is_told_in_words() -> None:
    assert judged({}, finished_with="it\nworks").detail.startswith(
        "it said that it is done: 'it works': confidence 1.00"
    )
    assert judged({"text_sentinels": ("DONE",)}, prose="DONE").detail.startswith("it wrote 'DONE'")
    twice = judged({"confidence_threshold": 0.8}, calls=0, replies_without_call=2)
    assert twice.detail == "its last 2 replies called no tool: confidence 0.70, too little for 0.8"
    assert judged({}, calls=1).detail == "there is no sign that it is done"


def watch(*calls: tuple[str, str, bool], replies: int = 0) -> CircleWatch:
    seen = CircleWatch(20)
    for tool, result, failed in calls:
        seen.call(tool, {}, result, failed=failed)
    for _ in range(replies):
        seen.reply(calls=0)
    return seen


@pytest.mark.parametrize(
    ("calls", "replies", "circle"),
    [
        ([("read", "a", False)] * 3, 0, "repeated_call"),
        ([("read", "a", False)] * 2, 0, None),
        ([("read", "a", False), ("read", "b", False), ("read", "a", False)], 0, None),
        ([("run", "no", True)] * 3, 0, "repeated_error"),
        ([("run", "no", True), ("bash", "no", True), ("x", "no", True)], 0, "repeated_error"),
        ([("a", "1", False), ("b", "2", False)] * 3, 0, "alternation"),
        ([("a", "1", False), ("b", "2", False)] * 2, 0, None),
        ([], 3, "monologue"),
        ([], 2, None),
    ],
)
def test_the_four_circles(calls: list[tuple[str, str, bool]], replies: int, circle: str | None) -> None:
    assert watch(*calls, replies=replies).circle() == circle


def test_what_was_before_a_word_of_a_person_does_not_count() -> None:
    seen = watch(*[("read", "a", False)] * 3)
    seen.forget()
    assert seen.circle() is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.uuids().map(str), st.just(False))))
def test_results_that_change_are_no_circle(calls: list[tuple[str, str, bool]]) -> None:
    assert watch(*calls).circle() is None
