"""The sequence of modes: what is entered when, what ends a mode, and what a later turn goes on with."""

from __future__ import annotations

from typing import Any

import pytest

from loopwright.runtime.agent.modes import Position, Sequencer
from loopwright.runtime.config import AgentConfig, Facts

MODEL = {"default_model": "m", "models": ({"id": "m", "adapter": "openai_chat"},)}
MODES = ({"name": "plan"}, {"name": "build"}, {"name": "compact"})


def sequencer(**changes: Any) -> Sequencer:
    return Sequencer(AgentConfig.model_validate({"version": 2, "providers": MODEL, "modes": MODES, **changes}))


def facts(sequence: Sequencer, position: Position | None = None, **values: Any) -> Facts:
    return Facts({"replies": 0, **values}, sequence.features(position))


def walk(sequence: Sequencer, replies: list[dict[str, Any]]) -> list[str]:
    """The mode of each reply, and `end` where the sequence came to its end."""
    position = sequence.begin(facts(sequence))
    seen = []
    for reply in replies:
        seen.append(position.mode)
        finished = reply.pop("finished", False)
        move = sequence.after_reply(position, facts(sequence, position, **reply), finished=finished)
        position = move.position
        if position.over:
            return [*seen, "end"]
    return seen


IF_PLAN = ({"if": "features.plan", "then": {"mode": "plan"}}, {"mode": "build"})


@pytest.mark.parametrize(
    ("changes", "replies", "expected"),
    [
        ({}, [{}, {"finished": True}], ["plan", "plan", "end"]),
        ({"loop": {"sequence": ({"mode": "build"},)}}, [{"finished": True}], ["build", "end"]),
        (
            {"loop": {"sequence": IF_PLAN}, "features": {"plan": True}},
            [{"finished": True}, {}, {"finished": True}],
            ["plan", "build", "build", "end"],
        ),
        ({"loop": {"sequence": IF_PLAN}, "features": {"plan": False}}, [{"finished": True}], ["build", "end"]),
        (
            {"loop": {"sequence": IF_PLAN, "plan_turn_limit": 2}, "features": {"plan": True}},
            [{}, {}, {}, {"finished": True}],
            ["plan", "plan", "build", "build", "end"],
        ),
        (
            {"modes": ({"name": "plan", "max_turns": 1}, {"name": "build"}), "features": {"plan": True},
             "loop": {"sequence": IF_PLAN}},
            [{}, {}],
            ["plan", "build"],
        ),
        (
            {"modes": ({"name": "plan", "exit": {"when": ("errors > 1",)}}, {"name": "build"}),
             "features": {"plan": True}, "loop": {"sequence": IF_PLAN}},
            [{"errors": 0}, {"errors": 2}, {}],
            ["plan", "plan", "build"],
        ),
        (
            {"loop": {"sequence": ({"while": "files_changed < 2", "do": ({"mode": "plan"}, {"mode": "build"})},
                                   {"mode": "compact"})}},
            [{"finished": True, "files_changed": 0}, {"finished": True, "files_changed": 1},
             {"finished": True, "files_changed": 1}, {"finished": True, "files_changed": 2},
             {"finished": True, "files_changed": 2}],
            ["plan", "build", "plan", "build", "compact", "end"],
        ),
    ],
)  # fmt: skip
def test_modes_follow_the_sequence(changes: dict[str, Any], replies: list[dict[str, Any]], expected: list[str]) -> None:
    start = {"files_changed": 0}
    if "while" in str(changes):
        replies = [{**start, **reply} for reply in replies]
        sequence = sequencer(**changes)
        position = sequence.begin(facts(sequence, files_changed=0))
        assert position.mode == expected[0]
    else:
        sequence = sequencer(**changes)
    if "while" not in str(changes):
        assert walk(sequence, replies) == expected
        return
    seen = []
    for reply in replies:
        seen.append(position.mode)
        finished = reply.pop("finished")
        position = sequence.after_reply(position, facts(sequence, position, **reply), finished=finished).position
    assert [*seen, *["end"] * position.over] == expected


def test_a_move_says_what_ended_the_mode() -> None:
    sequence = sequencer(loop={"sequence": IF_PLAN, "plan_turn_limit": 1}, features={"plan": True})
    position = sequence.begin(facts(sequence))
    move = sequence.after_reply(position, facts(sequence, position), finished=False)
    assert move.why == "plan_turn_limit: 1"
    assert sequence.features(move.position) == {"plan": False}


def test_a_later_turn_goes_on_in_the_last_mode() -> None:
    sequence = sequencer(loop={"sequence": IF_PLAN}, features={"plan": True})
    position = sequence.begin(facts(sequence))
    for _ in range(2):
        position = sequence.after_reply(position, facts(sequence, position), finished=True).position
    assert position.over
    assert position.mode == "build"
    again = sequence.after_reply(position, facts(sequence, position), finished=False)
    assert again.position.mode == "build"


def test_a_while_that_enters_no_mode_ends_instead_of_turning_for_ever() -> None:
    loop = {"while": "files_changed < 2", "do": ({"if": "features.plan", "then": {"mode": "plan"}},)}
    sequence = sequencer(loop={"sequence": (loop, {"mode": "build"})})
    position = sequence.begin(facts(sequence, files_changed=0))
    assert position.over
    assert position.mode == "plan"
