"""What the host makes of the runner's lines, also of wrong ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.harness._listing import Declared
from loopwright.harness._messages import TestDone
from loopwright.harness._transcript import Transcript

TESTS = (Declared("a/1", "a"), Declared("a/2", "a"))
PLAN = {"type": "plan", "tests": [["a/1", "a", None], ["a/2", "a", None]]}
ONE = {"type": "test", "id": "a/1", "status": "passed", "duration_ms": 1}
TWO = ONE | {"id": "a/2", "status": "failed", "message": "m"}
END = {"type": "end", "count": 2}


def heard(*lines: Any) -> tuple[Transcript, list[TestDone]]:
    seen: list[TestDone] = []
    transcript = Transcript(TESTS, TESTS, seen.append)
    for line in lines:
        transcript.feed((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n")
    return transcript, seen


def test_a_whole_session() -> None:
    transcript, seen = heard(PLAN, TWO, ONE, END)
    assert [(done.id, done.status) for done in seen] == [("a/2", "failed"), ("a/1", "passed")]
    assert (transcript.over, transcript.broken) == (True, False)
    assert (transcript.end().harness_error, transcript.end().build, transcript.end().warning) == ("", "", "")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((PLAN, ONE, END), "1 tests were never reported"),
        ((PLAN, ONE, ONE, TWO, END), "'a/1' was reported twice"),
        ((PLAN, ONE | {"id": "a/3"}), "was not asked for"),
        ((PLAN, b"Traceback"), "not a result"),
        ((PLAN, ONE | {"status": "great"}), "not a result"),
        ((PLAN, {"type": "test"}), "not a result"),
        ((PLAN, b""), "not a result"),
        (({"type": "plan", "tests": [["a/1", "a", None]]},), "declares other tests"),
        (({"type": "broken", "error": "no data", "where": "x"},), "cannot be loaded in the sandbox: no data"),
        ((b"x" * (9 << 20),), "not a result"),
    ],
)
def test_a_wrong_session_is_a_harness_error(lines: tuple[Any, ...], reason: str) -> None:
    transcript, _ = heard(*lines)
    assert transcript.over
    assert reason in transcript.end().harness_error


def test_a_line_without_end() -> None:
    transcript = Transcript(TESTS, TESTS, lambda done: None)
    for _ in range(9):
        transcript.feed(b"x" * (1 << 20))
    assert "without end" in transcript.end().harness_error


def test_nothing_is_taken_after_the_end() -> None:
    transcript, seen = heard(PLAN, ONE, TWO, END, ONE | {"id": "a/9"})
    assert len(seen) == 2
    assert transcript.end().harness_error == ""


def test_a_failed_build_is_the_submissions() -> None:
    setup = {
        "type": "setup",
        "status": "failed",
        "duration_ms": 1,
        "message": "cc ended with exit code 1",
        "actual": "x.c:1",
    }
    end = heard(PLAN, setup, END | {"count": 0})[0].end()
    assert (end.harness_error, end.build, end.build_slow) == ("", "cc ended with exit code 1\nx.c:1", False)
    assert heard(PLAN, setup | {"status": "timeout"}, END)[0].end().build_slow


def test_a_broken_setup_is_the_harness() -> None:
    setup = {"type": "setup", "status": "error", "duration_ms": 1, "message": "NameError"}
    end = heard(PLAN, setup, END)[0].end()
    assert end.harness_error == "setup failed: NameError"


def test_a_broken_teardown_is_a_warning() -> None:
    torn = {"type": "teardown", "status": "error", "duration_ms": 1, "message": "NameError"}
    end = heard(PLAN, ONE, TWO, torn, END)[0].end()
    assert (end.harness_error, end.warning) == ("", "teardown failed: NameError")


@given(st.integers(1, 60))
def test_any_cut_of_the_bytes_gives_the_same(size: int) -> None:
    data = b"".join(json.dumps(line).encode() + b"\n" for line in (PLAN, ONE, TWO, END))
    seen: list[TestDone] = []
    transcript = Transcript(TESTS, TESTS, seen.append)
    for start in range(0, len(data), size):
        transcript.feed(data[start : start + size])
    assert [done.id for done in seen] == ["a/1", "a/2"]
    assert transcript.end().harness_error == ""


@given(st.binary(max_size=200))
def test_rubbish_never_raises_and_never_passes(data: bytes) -> None:
    transcript = Transcript(TESTS, TESTS, lambda done: None)
    transcript.feed(data)
    assert transcript.end().harness_error
