"""One script, five agents: their parts agree in kind, order, files and test results, but for what the table says."""

from __future__ import annotations

import pytest
from tests.conformance.agents import EXCEPTIONS, FACTS, expected
from tests.conformance.normal import lines
from tests.conformance.tale import PLANTED, STEERING, Tale

from loopwright.record import verify

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def test_parts_agree_in_kind_order_files_and_test_results(agent: str, tale: Tale) -> None:
    assert lines(tale) == [line for point in expected(agent).values() for line in point]


def test_facts_are_as_the_table_says(agent: str, tale: Tale) -> None:
    found = {fact: holds(tale) for fact, holds in FACTS.items()}
    assert found == {fact: fact not in EXCEPTIONS[agent] for fact in FACTS}


def test_each_life_ends_for_its_reason(tale: Tale) -> None:
    assert tale.facts["exits"] == [-9, 1, 1, 1, 1]
    assert tale.ends == ["stopped", "token_limit", "cost_limit", "part_limit"]
    assert [turn.outcome for turn in tale.trace.turns] == ["finished", "interrupted", "limit", "limit", "limit"]


def test_the_record_is_whole(tale: Tale) -> None:
    checked = verify(tale.rundir)
    assert checked.ok
    assert checked.problems == ()
    assert [part.part for part in tale.trace.parts] == list(range(1, len(tale.trace.parts) + 1))
    assert [notice.message for notice in tale.trace.notices if notice.level == "error"] == []
    assert len(tale.trace.resumed_after) == 4


def test_what_was_said_is_in_the_record_and_heard(tale: Tale) -> None:
    (said,) = tale.trace.steering
    assert (said.text.value, said.source, said.turn) == (STEERING, "the tale", 2)
    assert said.delivered == tale.facts["steered"]["detail"].partition(":")[0]
    assert STEERING in tale.requests()[-1]


def test_the_model_is_asked_through_the_gateway_and_named(tale: Tale) -> None:
    calls = tale.trace.model_calls
    assert {call.model_served for call in calls} == {"conformance"}
    assert all(call.model_asked for call in calls)
    assert tale.trace.scripted
    refused = [call for call in calls if call.error and "used up" in call.error]
    assert 2 <= len(refused) <= 4


def test_grades_name_their_parts(tale: Tale) -> None:
    asked = [grade.grade_id for grade in tale.trace.grades if grade.cause == "agent"]
    assert [call.grade_id for part in tale.trace.parts for call in part.envoi_calls] == asked
    assert len(asked) == 2


def test_nothing_is_left_on_the_machine(tale: Tale) -> None:
    assert tale.facts["left"] == [[]] * 5
    assert tale.facts["sockets"] == []


def test_very_long_output_is_bounded_in_the_record(tale: Tale) -> None:
    assert max(len(content) for _, content in tale.everything_written()) < 64 << 20
    assert tale.rundir.journal.stat().st_size < 1 << 20


def test_planted_keys_are_in_no_file(tale: Tale) -> None:
    written = tale.everything_written()
    assert any(b"HOME=/home/agent" in content for _, content in written)  # the script did print the environment
    assert [name for name, content in written for key in PLANTED.values() if key.encode() in content] == []
