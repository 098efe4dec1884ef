"""Scheduling against a reference model that is too simple to be wrong, and the sentences that people read."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.runtime.schedule import EVERYTHING, Claim, Group, Planned, Policy, claims_of, clash, plan
from loopwright.runtime.tools.spec import ToolSpec

NAMES = ["read", "write", "shell", "list"]
RESOURCES = ["file:a", "file:a/b", "file:c", "workspace", "tests", "*"]

claims = st.lists(st.builds(Claim, st.sampled_from(RESOURCES), st.booleans()), max_size=2).map(tuple)
calls = st.lists(
    st.builds(
        Planned,
        st.sampled_from(NAMES),
        claims,
        st.booleans(),
        st.one_of(st.none(), st.integers(min_value=1, max_value=3)),
    ),
    max_size=12,
)
groups = st.lists(
    st.builds(
        Group,
        st.sampled_from(["one", "two"]),
        st.frozensets(st.sampled_from(NAMES)),
        st.one_of(st.none(), st.integers(min_value=1, max_value=3)),
        st.frozensets(st.sampled_from(NAMES), max_size=1),
    ),
    max_size=2,
).map(tuple)
policies = st.builds(
    Policy,
    st.sampled_from(["resources", "seed"]),
    st.integers(min_value=1, max_value=4),
    groups,
    st.lists(st.sampled_from(NAMES), max_size=2, unique=True).map(tuple),
)


def allowed_beside(calls_: list[Planned], first: int, second: int, policy: Policy, present: list[int]) -> bool:
    """The reference: may `second` overlap with `first`, of the calls that run (`present`)?"""
    one, other = calls_[first], calls_[second]
    if any(one.tool in group.barriers for group in policy.groups):
        return False
    if policy.policy == "seed":
        return not any(calls_[at].blocking for at in present)
    return clash(one.claims, other.claims) is None


@given(calls, policies)
def test_every_call_runs_once_in_order_or_is_refused_with_a_rule(calls_: list[Planned], policy: Policy) -> None:
    schedule = plan(calls_, policy)
    run = [position for segment in schedule.segments for position in segment]
    assert run == sorted(run)
    assert sorted([*run, *schedule.refused]) == list(range(len(calls_)))
    assert all(segment for segment in schedule.segments)
    assert {refusal.rule for refusal in schedule.refused.values()} <= {"max_per_turn", "at_most_one_of"}


@given(calls, policies)
def test_nothing_runs_beside_what_the_reference_keeps_apart(calls_: list[Planned], policy: Policy) -> None:
    schedule = plan(calls_, policy)
    present = [position for segment in schedule.segments for position in segment]
    for segment in schedule.segments:
        for index, first in enumerate(segment):
            assert all(allowed_beside(calls_, first, second, policy, present) for second in segment[index + 1 :])


@given(calls, policies)
def test_no_limit_on_parallel_calls_is_exceeded(calls_: list[Planned], policy: Policy) -> None:
    for segment in plan(calls_, policy).segments:
        assert len(segment) <= policy.max_parallel
        for group in policy.groups:
            beside = sum(calls_[position].tool in group.tools for position in segment)
            assert group.max_parallel is None or beside <= group.max_parallel


@given(calls, policies)
def test_a_segment_begins_only_where_it_must_and_says_why(calls_: list[Planned], policy: Policy) -> None:
    schedule = plan(calls_, policy)
    firsts = {segment[0] for segment in schedule.segments[1:]}
    assert set(schedule.waits) == firsts
    present = [position for segment in schedule.segments for position in segment]
    for before, after in zip(schedule.segments, schedule.segments[1:], strict=False):
        full = len(before) >= policy.max_parallel or any(
            group.max_parallel is not None
            and calls_[after[0]].tool in group.tools
            and sum(calls_[position].tool in group.tools for position in before) >= group.max_parallel
            for group in policy.groups
        )
        apart = any(not allowed_beside(calls_, first, after[0], policy, present) for first in before)
        assert full or apart


@given(calls, policies)
def test_no_tool_exceeds_its_count(calls_: list[Planned], policy: Policy) -> None:
    run = [calls_[position] for segment in plan(calls_, policy).segments for position in segment]
    assert sum(call.tool in policy.at_most_one_of for call in run) <= 1
    for call in run:
        assert (
            call.max_per_turn is None
            or sum(other.tool == call.tool and other.max_per_turn == call.max_per_turn for other in run)
            <= call.max_per_turn
        )


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (Claim("file:a.py", True), Claim("file:a.py", False), "a.py"),
        (Claim("file:src", True), Claim("file:src/a.py", True), "src"),
        (Claim("workspace", False), Claim("file:a.py", True), "a.py"),
        (EVERYTHING, Claim("tests", False), "the tests"),
        (EVERYTHING, EVERYTHING, "a tool that runs alone"),
    ],
)
def test_what_keeps_two_calls_apart_is_named(one: Claim, other: Claim, words: str) -> None:
    assert clash((one,), (other,)) == words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Claim("file:a.py", False), Claim("file:a.py", False)),
        (Claim("file:a.py", True), Claim("file:a.pyc", True)),
        (Claim("workspace", False), Claim("file:a.py", False)),
        (Claim("tests", True), Claim("file:a.py", True)),
    ],
)
def test_what_does_not_clash(one: Claim, other: Claim) -> None:
    assert clash((one,), (other,)) is None


def test_a_declared_resource_takes_the_argument() -> None:
    tool = ToolSpec("read_file", "read_file", "read", "", resources=("read:file:{path}",))
    assert claims_of(tool, {"path": "./src//a.py"}, blocking=False) == (Claim("file:src/a.py", False),)
    assert claims_of(tool, {"path": "/workspace/a.py"}, blocking=False) == (Claim("file:a.py", False),)
    assert claims_of(tool, {}, blocking=False) == (Claim("workspace", False),)
    assert claims_of(tool, {"path": "."}, blocking=False) == (Claim("workspace", False),)


def test_a_tool_that_declares_nothing_runs_alone_where_it_blocks() -> None:
    tool = ToolSpec("x", "x", "other", "")
    assert claims_of(tool, {}, blocking=True) == (EVERYTHING,)
    assert claims_of(tool, {}, blocking=False) == ()


def test_200_calls_are_planned_in_20_ms() -> None:
    calls_ = [Planned("read", (Claim(f"file:{n}", n % 7 == 0),), blocking=False) for n in range(200)]
    best = min(_seconds(calls_) for _ in range(5))
    assert best < 0.020


def _seconds(calls_: list[Planned]) -> float:
    begun = time.process_time()
    plan(calls_, Policy(max_parallel=200))
    return time.process_time() - begun
