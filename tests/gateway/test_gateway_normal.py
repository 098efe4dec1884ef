"""What differs from run to run is left out of a comparison, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.gateway.recorded.differ import first_difference
from loopwright.gateway.recorded.normal import digest_of, names_in, normal_text, renamed

SAME = [
    ("id 3c1e6a52-1b9c-4d2f-8a55-0f6cdb6d8a01", "id 9b1e6a52-1b9c-4d2f-8a55-0f6cdb6d8aff"),
    ("at 2026-11-21T02:00:10.064Z", "at 2027-01-02 12:13:14"),
    ("Sat Nov 21 02:14:59 UTC 2026", "Mon Dec  1 12:00:01 UTC 2027"),
    ("-rw-r--r-- 1 root root 5 Nov 21 02:00 a.py", "-rw-r--r-- 1 root root 5 Dec  1 13:59 a.py"),
    ("3 passed in 0.03s", "3 passed in 12.5s"),
    ("Wall time: 0.8582 seconds", "Wall time: 1 seconds"),
    ("Chunk ID: cb06f2", "Chunk ID: fadeab"),
    ("see /tmp/tmp.a1B2/x.txt", "see /tmp/pytest-7/y.txt"),
    ("http://127.0.0.1:41223/v1", "http://127.0.0.1:5/v1".replace(":5/", ":8080/")),
    ("call_AbC123dEf4 failed", "call_0df6e0f1_1_1 failed"),
    ("[main 3f2a1bc] change", "[main 0a9b8c7] change"),
    ("in /home/x/.loopwright/trajectories/one/workspace/a.py", "in /y/trajectories/two/workspace/a.py"),
    ("~/.claude/projects/-x-trajectories-one-workspace/m", "~/.claude/projects/-yy-trajectories-two-2-workspace/m"),
    ('{"agent_id":"a18612d9b745e6bfc","nickname":"Hume"}', '{"agent_id":"b18612d9b745e6bfd","nickname":"Mencius"}'),
    ("Process running with session ID 38291", "Process running with session ID 4"),
    ("tool_uses: 1 duration_ms: 155", "tool_uses: 1 duration_ms: 9"),
    ('{"duration_ms": 17}', '{"duration_ms": 4.5}'),
]
OTHER = [
    ("3 passed", "4 passed"),
    ("call_function_name", "call_function_other"),
    ("x = 3", "x = 4"),
    ("version 1.2.3", "version 1.2.4"),
    ("exited with code 0", "exited with code 1"),
    ("a.py:12: error", "a.py:13: error"),
    ("alpha", "beta"),
    ("deadbeef", "cafebabe"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_these_are_the_same(one: str, other: str) -> None:
    assert normal_text(one, "") == normal_text(other, "")


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_these_are_not(one: str, other: str) -> None:
    assert normal_text(one, "") != normal_text(other, "")


def test_the_workspace_has_the_same_name_wherever_it_is() -> None:
    assert normal_text("in /workspace/a.py", "/workspace") == normal_text("in /x/y/a.py", "/x/y")


def test_fields_that_say_nothing_about_the_content() -> None:
    one: dict[str, Any] = {
        "messages": [{"role": "user", "content": "go", "id": "msg_1", "cache_control": {"type": "ephemeral"}}],
        "metadata": {"user_id": "x"},
        "prompt_cache_key": "a",
        "stream": True,
    }
    other: dict[str, Any] = {"messages": [{"role": "user", "content": "go", "id": "msg_2"}], "prompt_cache_key": "b"}
    assert digest_of(one, "") == digest_of(other, "")
    assert first_difference(one, other, ("", "")) is None
    inside = {"messages": [{"role": "user", "content": "go", "id": "msg_2", "metadata": {"a": 1}}]}
    assert digest_of(one, "") != digest_of(inside, "")


def test_the_place_and_both_sides_are_named() -> None:
    now = {"tools": [], "messages": [{"content": "a"}, {"content": "2 passed, 1 failed"}]}
    before = {"tools": [1], "messages": [{"content": "a"}, {"content": "3 passed"}]}
    found = first_difference(now, before, ("", ""))
    assert str(found) == 'at messages[1].content: "2 passed, 1 failed" instead of "3 passed"'
    assert str(first_difference({"a": 1}, {}, ("", ""))) == 'at a: "1" instead of nothing'
    assert str(first_difference({"input": "x"}, {"input": []}, ("", ""))) == 'at input: "x" instead of "[]"'


def test_names_of_this_run_take_the_place_of_the_others() -> None:
    before = {"output": "started call_Abcdef1 as 3c1e6a52-1b9c-4d2f-8a55-0f6cdb6d8a01 with session ID 38291"}
    now = {"output": "started call_Zyxwvu9 as 9b1e6a52-1b9c-4d2f-8a55-0f6cdb6d8aff with session ID 17"}
    names = dict(zip(names_in(before), names_in(now), strict=True))
    answer = {"arguments": '{"session_id":38291,"to":"3c1e6a52-1b9c-4d2f-8a55-0f6cdb6d8a01"}', "count": 38291}
    assert renamed(answer, names, {"/old": "/new"}) == {
        "arguments": '{"session_id":17,"to":"9b1e6a52-1b9c-4d2f-8a55-0f6cdb6d8aff"}',
        "count": 38291,
    }
    assert renamed(["see /old/a"], {}, {"/old": "/new"}) == ["see /new/a"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(anything, anything)
def test_two_requests_are_equal_or_differ_at_a_place(one: Any, other: Any) -> None:
    same = digest_of(one, "") == digest_of(other, "")
    assert (first_difference(one, other, ("", "")) is None) == same


@given(anything)
def test_nothing_is_renamed_without_names(value: Any) -> None:
    assert renamed(value, {}, {}) == value
