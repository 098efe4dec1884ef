"""What an agent reads of a grade."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.harness import CaseResult, Grade, Status, short_answer, to_json
from loopwright.harness._tally import count_suites

STATUSES: list[Status] = ["passed", "failed", "error", "timeout", "skipped"]


def grade(*cases: CaseResult, status_code: int = 200, error: str = "", build: str = "") -> Grade:
    suites = count_suites(cases, {case.suite: 40 for case in cases}, frozenset(), "")
    return Grade("c" * 40, "t" * 40, "", status_code, error, cases, suites, 12, build=build)


def case(id: str, status: Status = "failed", **texts: str) -> CaseResult:
    return CaseResult(id, id.partition("/")[0], status, 5, **texts)


def many(count: int, status: Status = "failed", **texts: str) -> list[CaseResult]:
    return [case(f"basics/loops/for_{n}", status, **texts) for n in range(count)]


def test_counts_then_the_first_failures_then_how_to_see_more() -> None:
    cases = [
        *many(7, message="output differs at line 2", expected="1\n2\n", actual="1\n3\n"),
        case("other/x", "passed"),
    ]
    text = short_answer(grade(*cases), limit=2)
    assert text.splitlines() == [
        "1 of 8 tests passed.",
        "  basics: 0 passed, 7 failed (7 of its 40 tests selected)",
        "  other: 1 passed, 0 failed (1 of its 40 tests selected)",
        "",
        "FAILED basics/loops/for_0",
        "  output differs at line 2",
        "  expected: 1\\n2\\n",
        "  actual:   1\\n3\\n",
        "",
        "FAILED basics/loops/for_1",
        "  output differs at line 2",
        "  expected: 1\\n2\\n",
        "  actual:   1\\n3\\n",
        "",
        "5 more did not pass: basics/loops/for_2, basics/loops/for_3, basics/loops/for_4, ...",
        'See one in full: run_tests("basics/loops/for_0"). Run a part: run_tests("basics/loops").',
    ]


def test_all_passed_is_two_lines() -> None:
    text = short_answer(grade(*many(40, "passed")))
    assert text == "40 of 40 tests passed.\n  basics: 40 passed, 0 failed"


def test_skipped_tests_are_told_apart() -> None:
    assert "39 passed, 0 failed, 1 skipped" in short_answer(grade(*many(39, "passed"), case("basics/z", "skipped")))


def test_one_test_is_shown_in_full() -> None:
    long = "".join(f"line {n}\n" for n in range(200))
    text = short_answer(
        grade(case("basics/x", message="differs", input="int main;", expected=long, actual="no\x1b[2J"))
    )
    assert text.startswith("FAILED basics/x\ndiffers\n--- input ---\nint main;\n--- expected ---\nline 0\n")
    assert "line 199" in text
    assert "␛[2J" in text


def test_a_long_value_is_shown_from_where_it_differs() -> None:
    cases = many(4, expected="a" * 500 + "X", actual="a" * 500 + "Y")
    text = short_answer(grade(*cases))
    assert "aX" in text
    assert "aY" in text


def test_a_failed_build_comes_first_with_its_last_output() -> None:
    text = short_answer(grade(*many(4, "error"), build="noise\n" * 5000 + "error: the last word"))
    assert text.startswith("The build failed, so none of the 4 tests ran.")
    assert "error: the last word" in text
    assert len(text) < 4000


def test_an_unknown_path_is_just_that() -> None:
    assert short_answer(grade(status_code=400, error="no test matches 'x'")) == "no test matches 'x'"


def test_a_harness_error_is_named() -> None:
    assert "The harness reported: it broke" in short_answer(grade(*many(2, "error"), status_code=500, error="it broke"))


texts = st.text(max_size=60).map(lambda text: text * 40)
results = st.builds(
    case,
    st.sampled_from(["a/b", "a/c/d", "long/" + "x" * 300]),
    st.sampled_from(STATUSES),
    message=texts,
    expected=texts,
    actual=texts,
    input=texts,
)


@settings(max_examples=60)
@given(st.lists(results, min_size=4, max_size=20), texts, texts, st.integers(1, 9))
def test_it_is_always_small_and_safe_to_print(cases: list[CaseResult], error: str, build: str, limit: int) -> None:
    text = short_answer(grade(*cases, error=error, build=build), limit)
    assert len(text) <= 4000
    assert not any(ord(character) < 32 and character not in "\n\t" for character in text)


def test_json_has_everything() -> None:
    value = json.loads(json.dumps(to_json(grade(case("a/b", "passed"), case("a/c", message="m", expected="e")))))
    assert (value["passed"], value["failed"], value["total"]) == (1, 1, 2)
    assert value["suites"] == {"a": {"passed": 1, "failed": 1, "total": 2, "expected": 40, "error": ""}}
    assert value["cases"][1] == {
        "id": "a/c", "suite": "a", "status": "failed", "duration_ms": 5, "message": "m", "expected": "e", "actual": "",
        "input": "",
    }  # fmt: skip
    assert {"commit", "tree", "path", "status_code", "error", "build", "cached", "duration_ms"} < set(value)
