"""The page says what the tests accept."""

from __future__ import annotations

import pytest
from tests.conformance.agents import AGENTS, EXCEPTIONS, FACTS, POINTS, expected
from tests.conformance.table import PAGE, in_page, table


def test_the_page_has_the_table_of_the_tests() -> None:
    assert in_page(PAGE.read_text()) == PAGE.read_text()


def test_every_point_is_in_the_table_once() -> None:
    cells = [line.split(" | ")[0].removeprefix("| ") for line in table().splitlines()[2:]]
    assert cells == [*POINTS, *FACTS]


def test_a_page_without_a_place_for_it_is_refused() -> None:
    with pytest.raises(ValueError, match="needs the lines"):
        in_page("# Agents\n")


def test_no_exception_is_as_the_rule() -> None:
    assert set(EXCEPTIONS) == set(AGENTS)
    for name, exceptions in EXCEPTIONS.items():
        assert set(exceptions) <= {*POINTS, *FACTS}, name
        for point, exception in exceptions.items():
            assert exception.words
            assert "|" not in exception.words
            assert point in FACTS or list(exception.lines) != POINTS[point], (name, point)


def test_what_is_expected_of_an_agent_is_the_rule_but_for_its_exceptions() -> None:
    assert [point for point, lines in expected("native").items() if lines != POINTS[point]] == [
        point for point in POINTS if point in EXCEPTIONS["native"]
    ]
