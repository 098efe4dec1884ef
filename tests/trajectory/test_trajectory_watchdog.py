"""What an agent is doing, and what follows when it does nothing any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.trajectory.virtual_time import BACKEND, BEGINNING, clock_of

from loopwright.agents import Activity
from loopwright.gateway import Refusal
from loopwright.record import Limits, RunDir, Trace, verify
from loopwright.record.samples import model_called, part_added
from loopwright.trajectory.watchdog import (
    MOST_COMPACTIONS,
    MOST_FAILED_CALLS,
    MOST_REFUSED_CALLS,
    Verdict,
    Watchdog,
    state_of,
)

Run = Callable[..., tuple[RunDir, Trace]]


@dataclass
class _Traffic:
    in_flight: int = 0
    waiting: bool = False
    last_activity: float = 0.0
    exhausted: str | None = None
    refusal: Refusal | None = None


def _activity(heard: float = 0.0, tools: dict[str, str] | None = None, dead: str | None = None) -> Activity:
    activity = Activity()
    activity.last_heard, activity.tools, activity.dead = heard, tools or {}, dead
    return activity


@pytest.mark.parametrize(
    ("activity", "traffic", "grading", "state"),
    [
        (_activity(), _Traffic(), False, "silent"),
        (_activity(), _Traffic(in_flight=1), False, "thinking"),
        (_activity(), _Traffic(in_flight=1, waiting=True), False, "rate_limited"),
        (_activity(tools={"a": "shell"}), _Traffic(), False, "tool"),
        (_activity(), _Traffic(), True, "tool"),
        (_activity(dead="exit code 1"), _Traffic(in_flight=1), True, "dead"),
    ],
)
def test_the_states_are_told_apart(activity: Activity, traffic: _Traffic, grading: bool, state: str) -> None:
    assert state_of(activity, traffic, grading, 10.0).state == state


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6))
def test_quiet_counts_from_whatever_was_heard_last(heard: float, traffic: float, later: float) -> None:
    now = max(heard, traffic) + later
    sight = state_of(_activity(heard), _Traffic(last_activity=traffic), False, now)
    assert sight.quiet == pytest.approx(later, abs=1e-3)


Watched = Callable[..., Verdict | None]


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """What a watchdog says within some seconds (2 by default) of a clock that begins at `BEGINNING`, if anything."""
    clock_of(monkeypatch, "loopwright.trajectory.watchdog")

    def watch(watchdog: Watchdog, activity: Activity, seconds: float = 2.0) -> Verdict | None:
        found: list[Verdict] = []

        async def main() -> None:
            with anyio.move_on_after(seconds):
                await watchdog.watch(activity, found.append)

        anyio.run(main, backend=BACKEND[0], backend_options=BACKEND[1])
        return found[0] if found else None

    return watch


@pytest.mark.parametrize(
    ("quiet", "traffic", "tools", "kind"),
    [
        (11, _Traffic(), {}, "silent"),
        (9, _Traffic(), {}, None),
        (39, _Traffic(), {"a": "cc"}, None),
        (41, _Traffic(), {"a": "cc"}, "silent"),
        (41, _Traffic(in_flight=1), {}, "silent"),
        (1000, _Traffic(in_flight=1, waiting=True), {}, None),
    ],
)
def test_how_long_each_state_may_last(
    watched: Watched, quiet: float, traffic: _Traffic, tools: dict[str, str], kind: str | None
) -> None:
    activity = _activity(BEGINNING - quiet, tools)
    verdict = watched(Watchdog(traffic, lambda: False, 10.0), activity, 0.4)
    assert (verdict and verdict.kind) == kind
    if tools and verdict is not None:
        assert "cc" in verdict.words


def test_an_agent_that_tells_nothing_of_its_tools_is_given_more_time(watched: Watched) -> None:
    activity = _activity(BEGINNING - 20)
    assert watched(Watchdog(_Traffic(), lambda: False, 10.0, patient=True), activity, 0.4) is None


def test_compacting_without_end_is_a_loop(watched: Watched) -> None:
    watchdog = Watchdog(_Traffic(), lambda: False, None)
    for call in range(MOST_COMPACTIONS):
        watchdog.on_event(model_called(call, purpose="compaction"))
        watchdog.on_event(model_called(call, status=400, error="context too long"))
        watchdog.on_event(part_added(call + 1, part_type="unknown"))
    verdict = watched(watchdog, _activity(BEGINNING))
    assert verdict is not None
    assert verdict.kind == "loop"
    assert "compacted" in verdict.words


def test_compacting_now_and_then_is_none(watched: Watched) -> None:
    watchdog = Watchdog(_Traffic(), lambda: False, None)
    for call in range(MOST_COMPACTIONS * 3):
        watchdog.on_event(model_called(call, purpose="compaction"))
        watchdog.on_event(part_added(call + 1))
    assert watched(watchdog, _activity(BEGINNING), 0.4) is None


def test_reconnecting_without_end_is_a_loop(watched: Watched) -> None:
    watchdog = Watchdog(_Traffic(), lambda: False, None)
    for call in range(MOST_FAILED_CALLS):
        watchdog.on_event(model_called(call, status=502, error="no route"))
    verdict = watched(watchdog, _activity(BEGINNING))
    assert verdict is not None
    assert "no route" in verdict.words


def test_asking_again_where_that_cannot_help_is_a_loop_much_sooner(watched: Watched) -> None:
    refusals = {"no_credit": "loop", "rate_limit": None}
    for kind, verdict in refusals.items():
        watchdog = Watchdog(_Traffic(refusal=Refusal(kind, "")), lambda: False, None)  # type: ignore[arg-type]
        for call in range(MOST_REFUSED_CALLS):
            watchdog.on_event(model_called(call, status=429, error="insufficient_quota"))
        found = watched(watchdog, _activity(BEGINNING), 0.4)
        assert (found and found.kind) == verdict


def _end(trace: Trace) -> tuple[str, str]:
    assert trace.session_end is not None
    return trace.session_end.reason, trace.session_end.detail


@pytest.mark.slow
def test_a_silent_turn_is_interrupted_and_the_agent_prompted_again(run: Run, probe: Callable[..., str]) -> None:
    plan = probe([["say", "a"], ["sleep", 60]], [["write", "greet.sh", 'echo "hello $1"\n']])
    rundir, trace = run(agent=plan, max_silence=1.0)
    # The process sleeps through the second prompt too: it is given up with the reason in words.
    assert _end(trace)[0] == "agent_error"
    assert "nothing was heard of it" in _end(trace)[1]
    assert [turn.outcome for turn in trace.turns] == ["interrupted", "error"]
    assert [notice.code for notice in trace.notices].count("agent_silent") == 2
    assert verify(rundir).ok


@pytest.mark.slow
def test_silence_may_end_the_run_at_once(run: Run, probe: Callable[..., str]) -> None:
    _, trace = run(agent=probe([["sleep", 60]]), max_silence=1.0, on_silence="end")
    assert (_end(trace)[0], len(trace.turns)) == ("agent_error", 1)


@pytest.mark.slow
def test_a_tool_that_runs_is_no_silence(run: Run, probe: Callable[..., str]) -> None:
    plan = probe([["start"], ["sleep", 4], ["write", "greet.sh", 'echo "hello $1"\n']])
    _, trace = run(agent=plan, max_silence=3.0)  # its start is silent, too
    assert _end(trace)[0] == "solved"


@pytest.mark.slow
@pytest.mark.parametrize("death", [["exit", 0], ["exit", 3], ["signal", "SIGTERM"], ["signal", "SIGKILL"]])
def test_an_agent_that_dies_goes_on_in_a_new_process(run: Run, probe: Callable[..., str], death: list[object]) -> None:
    plan = probe([["write", "a.txt", "1"], death, ["write", "greet.sh", 'echo "hello $1"\n']])
    rundir, trace = run(agent=plan)
    assert _end(trace)[0] == "solved"
    assert len(trace.turns) == 1
    assert [notice.code for notice in trace.notices].count("agent_died") == 1
    assert verify(rundir).problems == ()


@pytest.mark.slow
def test_an_agent_that_dies_twice_in_a_turn_is_given_up(run: Run, probe: Callable[..., str]) -> None:
    _, trace = run(agent=probe([["exit", 7], ["exit", 8]]))
    reason, detail = _end(trace)
    assert reason == "agent_error"
    assert "exit code 8" in detail


@pytest.mark.slow
def test_an_agent_that_asks_on_when_the_budget_is_used_up_is_interrupted(
    run: Run, probe: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loopwright.trajectory.watchdog._REFUSED_GRACE_S", 0.5)
    plan = probe([["shell", "true"], ["model"], ["model"], ["model"], ["sleep", 60]])
    _, trace = run(agent=plan, limits=Limits(max_tokens=1))
    assert _end(trace)[0] in ("token_limit", "agent_error")
