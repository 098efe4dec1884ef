"""The language of conditions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.base import UsageError
from loopwright.runtime.config import Facts, parse
from loopwright.runtime.config.conditions import NAMES

FACTS = Facts(
    {"replies": 5, "replies_in_mode": 2, "tests_passed": None, "tests_total": None, "mode": "plan", "errors": 0},
    {"plan": True, "deep": False},
    lambda tool: tool == "finish",
    lambda text: text in "all DONE here",
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("features.plan", True),
        ("features.deep", False),
        ("features.plan and not features.deep", True),
        ("replies > 4", True),
        ("1 < replies_in_mode <= 2 < replies", True),
        ("1 < replies_in_mode < 2", False),
        ("replies != 5 or mode == 'plan'", True),
        ('mode != "plan"', False),
        ('called("finish")', True),
        ('called("run_shell") or said("DONE")', True),
        ("errors == 0 and (replies < 3 or features.plan)", True),
        ("replies > -1.5", True),
        ("true", True),
        ("not true or false", False),
        ("True == features.plan", True),
        # What is not known compares as false, whichever way round.
        ("tests_passed == tests_total", False),
        ("tests_passed != tests_total", False),
        ("not tests_passed == tests_total", True),
        ("tokens >= 0", False),
    ],
)
def test_conditions_hold_or_not(text: str, holds: bool) -> None:
    assert parse(text).evaluate(FACTS) is holds


def test_a_condition_says_what_it_refers_to() -> None:
    condition = parse('features.a and (called("x") or called("y")) and said("z") and not features.b')
    assert condition.features == {"a", "b"}
    assert condition.tools == {"x", "y"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is not a condition"),
        ("replies >", "is not a condition"),
        ("replies + 1 > 2", "is not a condition"),
        ("features.a.b", "is not a condition"),
        ("mode.upper() == 'X'", "cannot ask for 'mode.upper'"),
        ("__import__('os')", "cannot ask for '__import__'"),
        ("open('x')", "cannot ask for 'open'"),
        ("[x for x in ()]", "is not a condition"),
        ("lambda: 1", "is not a condition"),
        ("f'{mode}' == 'x'", "is not a condition"),
        ("-true == false", "is not a condition"),
        ("replies is 1", "only == != < <= > >= compare"),
        ("mode in 'plan'", "only == != < <= > >= compare"),
        ("mode > 'a'", "only numbers have an order"),
        ("mode == 3", "compares a number with a text"),
        ("replies", "is neither true nor false"),
        ("replies and true", "is neither true nor false"),
        ("needs_compact", "cannot ask for 'needs_compact'"),
        ("features", "cannot ask for 'features'"),
        ("called(finish)", "takes one text in quotes"),
        ("called('a', 'b')", "takes one text in quotes"),
        ("called(x='a')", "takes one text in quotes"),
        ("a\0b", "is not a condition"),
        ("(" * 300 + "true" + ")" * 300, "is not a condition"),
        ("true or " * 200 + "true", "at most 1000 characters"),
    ],
)
def test_what_is_no_condition_is_refused(text: str, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert what in caught.value.what


atoms = st.sampled_from(["features.plan", "true", "false", "replies > 3", 'mode == "plan"', 'said("x")', "errors <= 0"])
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda it: f"({it[0]} {it[1]} {it[2]})"),
        inner.map(lambda it: f"(not {it})"),
    ),
    max_leaves=8,
)


@given(conditions, st.booleans(), st.integers(0, 6), st.sampled_from(["plan", "build"]))
def test_they_mean_what_python_would(text: str, plan: bool, replies: int, mode: str) -> None:
    facts = Facts({"replies": replies, "mode": mode, "errors": replies - 3}, {"plan": plan}, said=lambda _: plan)
    plain = text.replace("features.plan", "plan").replace("true", "True").replace("false", "False")
    names = {"plan": plan, "replies": replies, "mode": mode, "errors": replies - 3, "said": lambda _: plan}
    assert parse(text).evaluate(facts) == eval(plain, {"__builtins__": {}}, names)


@given(st.text(max_size=60) | st.sampled_from(sorted(NAMES)).map(lambda name: f"{name} > 1"))
def test_any_text_is_a_condition_or_a_clear_error(text: str) -> None:
    try:
        condition = parse(text)
    except UsageError:
        return
    assert condition.evaluate(FACTS) in (True, False)
