from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.gateway.scripted.load import parse_script
from loopwright.gateway.scripted.player import ENDED, Player, ScriptStuck, request_digest
from loopwright.record import ScriptPosition


def player(replies: str) -> Player:
    return Player(parse_script(f"version: 1\nname: demo\nreplies:\n{replies}", "s.yaml", Path()))


def ask(who: Player, newest: str, digest: str, conversation: str = "c") -> ScriptPosition:
    position = who.choose(conversation, digest, newest)
    who.move(position)
    return position


def indexes(who: Player, *inputs: str) -> list[int]:
    return [ask(who, text, f"digest {number}").reply for number, text in enumerate(inputs)]


def test_replies_come_in_order_and_then_the_end() -> None:
    assert indexes(player("  - say: a\n  - say: b\n"), "", "", "", "") == [0, 1, ENDED, ENDED]


def test_when_skips_what_does_not_match() -> None:
    replies = (
        "  - {say: a, when: {contains: x}}\n  - {say: b, when: {lacks: x}}\n  - {say: c, when: {matches: '^\\d+$'}}\n"
    )
    assert indexes(player(replies), "x", "y") == [0, 1]
    assert indexes(player(replies), "y", "a\n12\nb") == [1, 2]
    assert indexes(player(replies), "y", "no number") == [1, ENDED]


def test_until_repeats_at_least_once_and_until_it_holds() -> None:
    replies = "  - {say: a, until: {contains: ok}}\n  - say: b\n"
    assert indexes(player(replies), "ok", "no", "no", "ok") == [0, 0, 0, 1]


def test_until_is_bounded_and_the_bound_moves_nothing() -> None:
    who = player("  - {id: loop, say: a, until: {contains: ok}, at_most: 2}\n  - say: b\n")
    assert indexes(who, "", "no") == [0, 0]
    with pytest.raises(ScriptStuck, match=r"reply 1 \(loop\) was given 2 times"):
        who.choose("c", "another", "no")
    assert ask(who, "ok", "yet another").reply == 1


def test_goto_jumps_after_the_reply() -> None:
    replies = "  - {id: top, say: a}\n  - {say: b, when: {contains: again}, goto: top}\n  - say: c\n"
    assert indexes(player(replies), "", "again", "again", "again", "done", "done") == [0, 1, 0, 1, 0, 2]


def test_goto_leaves_an_until_when_it_holds() -> None:
    replies = "  - {id: top, say: a}\n  - {say: b, until: {contains: ok}, goto: top}\n"
    assert indexes(player(replies), "", "", "no", "ok", "") == [0, 1, 1, 0, 1]


def test_a_repeated_request_gets_the_same_reply_and_moves_nothing() -> None:
    who = player("  - say: a\n  - say: b\n")
    first = ask(who, "", "1")
    assert ask(who, "", "1") == first
    assert ask(who, "", "2").reply == 1


def test_going_back_to_an_earlier_request_goes_on_from_there() -> None:
    who = player("  - say: a\n  - say: b\n  - say: c\n")
    first, second = ask(who, "", "1"), ask(who, "", "2")
    ask(who, "", "3")
    assert ask(who, "", "1") == first
    assert ask(who, "", "2") == second


def test_a_condition_still_sees_what_a_compaction_took_away() -> None:
    who = player("  - say: a\n  - {say: b, when: {contains: passed}}\n  - say: c\n")
    ask(who, "", "1")
    who.carry("c", "3 passed")
    assert ask(who, "a summary", "2").reply == 1
    assert ask(who, "more", "3").reply == 2


def test_conversations_are_independent() -> None:
    who = player("  - say: a\n  - say: b\n")
    assert [ask(who, "", "1", "x").reply, ask(who, "", "1", "y").reply, ask(who, "", "2", "x").reply] == [0, 0, 1]


LOOPY = (
    "  - {id: top, say: a}\n  - {say: b, until: {contains: ok}, at_most: 50}\n"
    "  - {say: c, when: {contains: again}, goto: top}\n  - say: d\n"
)


@given(st.lists(st.sampled_from(["ok", "no", "again ok", ""]), max_size=20), st.integers(0, 20))
def test_a_restored_player_goes_on_as_the_first_would_have(inputs: list[str], crash: int) -> None:
    def run(who: Player, start: int, stop: int) -> list[ScriptPosition]:
        return [ask(who, text, f"digest {start + at}") for at, text in enumerate(inputs[start:stop])]

    uninterrupted = run(player(LOOPY), 0, len(inputs))
    crash = min(crash, len(inputs))
    first, second = player(LOOPY), player(LOOPY)
    before = run(first, 0, crash)
    for position in before:
        second.move(position)
    again = run(second, max(crash - 1, 0), crash)
    assert again == before[-1:]
    assert before + run(second, crash, len(inputs)) == uninterrupted


def test_the_digest_ignores_cache_marks_and_nothing_else() -> None:
    plain = [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]
    marked = [{"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}]}]
    other = [{"role": "user", "content": [{"type": "text", "text": "ho"}]}]
    assert request_digest(plain) == request_digest(marked) != request_digest(other)
    quoting = [{"role": "user", "content": 'the text "cache_control" itself'}]
    assert request_digest(quoting) == request_digest(quoting) != request_digest(plain)
