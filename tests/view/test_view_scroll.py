"""Tests asked for by a path are counted against what was asked for."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from loopwright.record import SuiteCount, TestsGraded
from loopwright.record.samples import sample_events
from loopwright.view._following import Following
from loopwright.view._scroll import Scroll


def _shown(path: str, count: SuiteCount) -> str:
    some = next(event for event in sample_events() if isinstance(event, TestsGraded))
    facts = {"path": path, "suites": {"basics": count}, "error": "", "status_code": 200}
    graded = type(some)(**{name: getattr(some, name) for name in some.__struct_fields__} | facts)
    console = Console(file=io.StringIO(), width=100)
    for line in Scroll(Following()).lines(graded):
        console.print(line)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize(
    ("path", "count", "words"),
    [
        ("basics/loops/one", SuiteCount(0, 1, 1, 120), "basics 0/1 of its 120"),
        ("basics/loops", SuiteCount(6, 0, 6, 120), "basics 6/6 of its 120"),
        ("basics", SuiteCount(6, 0, 6, 120), "basics 6/120\n"),
        ("", SuiteCount(120, 0, 120, 120), "basics 120/120\n"),
        ("basics/loops", SuiteCount(0, 0, 0, 120, "it broke"), "basics 0/120 it broke"),
    ],
)
def test_a_grade_of_some_tests_says_of_how_many(path: str, count: SuiteCount, words: str) -> None:
    assert words in "\n".join(line.rstrip() for line in _shown(path, count).splitlines()) + "\n"
