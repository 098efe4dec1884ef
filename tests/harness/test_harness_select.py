"""Test paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.harness._listing import Declared
from loopwright.harness._select import normal_path, select, unknown_path

IDS = ["basics/loops/for_1", "basics/loops/for_10", "basics/loops_more/x", "basics/vars/a", "wacct/basics/a"]
TESTS = [Declared(id, id.partition("/")[0]) for id in IDS]


def ids(path: str) -> list[str]:
    return [test.id for test in select(TESTS, path)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", IDS),
        (".", IDS),
        ("/", IDS),
        ("basics", IDS[:4]),
        (" ./basics/ ", IDS[:4]),
        ("basics/loops", IDS[:2]),
        ("basics/loops/for_1", IDS[:1]),
        ("basics/loop", []),
        ("basic", []),
        ("basics/*/for_?", IDS[:1]),
        ("*/a", IDS[3:]),
        ("basics/loops/for_[19]*", IDS[:2]),
        ("Basics", []),
    ],
)
def test_what_a_path_names(path: str, expected: list[str]) -> None:
    assert ids(path) == expected


def test_an_unknown_path_names_what_is_near() -> None:
    assert "basics/loops" in unknown_path(TESTS, "basics/lops")
    assert unknown_path(TESTS, "zzzz") == "no test matches 'zzzz'; suites: basics, wacct"


@given(st.text(max_size=30))
def test_any_text_selects_a_subsequence_and_never_raises(path: str) -> None:
    found = ids(path)
    assert found == [id for id in IDS if id in found]
    assert normal_path(normal_path(path)) == normal_path(path)
    if not found:
        assert unknown_path(TESTS, path)


@given(st.sampled_from(IDS), st.integers(1, 3))
def test_every_prefix_of_an_id_selects_it(id: str, depth: int) -> None:
    assert id in ids("/".join(id.split("/")[:depth]))
