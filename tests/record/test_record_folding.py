"""From events to the trajectory: commits, grades, turns, ends."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

from loopwright.base import MachineError
from loopwright.record import (
    CheckpointInfo,
    CheckpointTaken,
    Event,
    FileChange,
    Fold,
    Limits,
    ModelCalled,
    Progress,
    RunEnded,
    RunResumed,
    ScriptPosition,
    Steered,
    SuiteCount,
    TestsGraded,
    Trace,
    TurnEnded,
    TurnStarted,
    Usage,
    fold,
    read_events,
)
from loopwright.record.events import Payload
from loopwright.record.samples import (
    at,
    checkpointed,
    commit_id,
    graded,
    model_called,
    part_added,
    run_started,
    sample_events,
)

_GOOD = SuiteCount(2, 0, 2, 2)
_MORE = SuiteCount(3, 0, 3, 3)


def _folded(*events: Event) -> Fold:
    state = Fold()
    for event in (run_started(), *events):
        state.apply(event)
    return state


def test_the_sample_becomes_the_trajectory_that_it_is() -> None:
    trace = fold(sample_events())
    assert [part.part for part in trace.parts] == list(range(1, 11))
    assert [(turn.part_start, turn.part_end, turn.outcome) for turn in trace.turns] == [
        (1, 4, "interrupted"),
        (5, 10, "finished"),
    ]
    assert [turn.git_commit for turn in trace.turns] == [commit_id(3), commit_id(9)]
    assert [steered.text.value for steered in trace.steering] == ["Mind the edge cases."]
    assert [change.limits.max_parts for change in trace.limit_changes] == [60]
    assert [(session.part, session.session_id, session.files) for session in trace.agent_sessions] == [
        (4, "thread-1", {"sessions/one.jsonl": 103})
    ]
    assert (trace.parent, trace.parent_part) == ("earlier", 7)
    assert trace.session_end is not None
    assert trace.session_end.reason == "solved"
    assert trace.resumed_after == (4,)
    assert trace.limits == Limits(max_parts=60, max_cost=1.5)
    assert trace.totals.active_seconds == 5 + 13
    assert [notice.code for notice in trace.notices] == ["too_large"]


@pytest.mark.parametrize("age", ["v1", "v1_agents"])
def test_the_golden_trace_is_still_what_the_golden_journal_says(age: str) -> None:
    golden = Path(__file__).parents[1] / "golden"
    trace = fold(event for _, event in read_events(golden / f"journal_{age}.jsonl"))
    _assert_keeps(
        msgspec.json.decode((golden / f"agent_trace_{age}.json").read_bytes()),
        msgspec.json.decode(msgspec.json.encode(trace)),
    )


def _assert_keeps(old: Any, new: Any) -> None:
    if isinstance(old, dict):
        for key, value in old.items():
            _assert_keeps(value, new[key])
    elif isinstance(old, list):
        assert len(old) == len(new)
        for one, other in zip(old, new, strict=True):
            _assert_keeps(one, other)
    else:
        assert old == new


def test_each_part_has_its_commit_or_the_last_before_it() -> None:
    first = checkpointed(part_added(2), commit_id(0))
    last = checkpointed(part_added(4), commit_id(2))
    state = _folded(part_added(1), first, part_added(3), last, part_added(5))
    commits = [part.git_commit for part in state.trace().parts]
    assert commits == [commit_id(name) for name in (0, 2, 2, 4, 4)]
    assert (state.last_commit, state.last_tree) == (commit_id(4), commit_id("tree 4"))
    checkpoint = state.trace().parts[1].repo_checkpoint
    assert checkpoint is not None
    assert (checkpoint.commit_before, checkpoint.committed, checkpoint.changed_files) == (
        commit_id(0),
        True,
        ("main.py",),
    )
    assert state.trace().parts[2].repo_checkpoint is None


def test_a_checkpoint_between_two_parts_is_the_first_ones() -> None:
    first = checkpointed(part_added(1), commit_id(0))
    between = CheckpointInfo(commit_id(1), commit_id("x"), commit_id("tree x"), (FileChange("b.py", "added"),))
    state = _folded(first, CheckpointTaken(at(2), 1, 1, between), part_added(2))
    parts = state.trace().parts
    assert [part.git_commit for part in parts] == [commit_id("x"), commit_id("x")]
    assert [change.path for change in parts[0].files] == ["main.py", "b.py"]
    checkpoint = parts[0].repo_checkpoint
    assert checkpoint is not None
    assert (checkpoint.commit_before, checkpoint.commit_after) == (commit_id(0), commit_id("x"))
    assert (state.last_commit, state.last_tree) == (commit_id("x"), commit_id("tree x"))
    assert state.checkpoint_parts == [1]
    assert set(state.checkpoints) == {commit_id(0), commit_id(1), commit_id("x")}


def test_what_was_said_is_due_until_a_prompt_passes_it_on() -> None:
    said = Steered(at(2), "me", Payload(value="a"), "next_turn")
    state = _folded(said, Steered(at(3), "me", Payload(value="b"), "now"))
    assert state.steering_due == [said]
    state.apply(TurnStarted(1, at(4), Payload(value="a, then go on"), 1))
    assert state.steering_due == []


def test_what_was_told_in_a_turn_is_due_where_no_request_took_it_on() -> None:
    told = Steered(at(2), "me", Payload(value="a"), "now")
    ended = TurnEnded(1, at(9), 3, "interrupted")
    early, late = (structs.replace(model_called(n), timestamp=at(n)) for n in (1, 3))
    failed = structs.replace(late, status=500, error="upside down")
    inner = structs.replace(late, purpose="subagent")
    assert _folded(told, late, ended).steering_due == []
    for unheard in (early, failed, inner):
        state = _folded(told, unheard)
        assert state.steering_due == [], "the turn goes on"
        state.apply(ended)
        assert state.steering_due == [told]


def test_waiting_is_summed() -> None:
    state = _folded(model_called(1, waited_ms=1500.0), model_called(2))
    assert state.totals.waited_seconds == 1.5


def test_a_part_carries_the_grades_that_it_names() -> None:
    trace = _folded(
        part_added(1),
        graded(1, commit_id(0), {"basics": SuiteCount(1, 1, 2, 2)}),
        part_added(2, grade_ids=("grade-1", "never-recorded")),
        part_added(3),
    ).trace()
    assert [[call.grade_id for call in part.envoi_calls] for part in trace.parts] == [[], ["grade-1"], []]
    assert trace.parts[1].envoi_calls[0].result == {"passed": 1, "failed": 1, "total": 2}


def test_a_grade_that_failed_to_run_has_no_result() -> None:
    grade = graded(1, commit_id(0), {}, status_code=500, error="no compiler")
    trace = _folded(part_added(1), grade, part_added(2, grade_ids=("grade-1",))).trace()
    call = trace.parts[1].envoi_calls[0]
    assert (call.result, call.error) == (None, "no compiler")
    assert trace.parts[1].testing_state.latest_status_code == 500


def test_the_testing_state_is_as_of_each_part() -> None:
    trace = _folded(
        part_added(1),
        graded(1, commit_id(0), {"basics": _GOOD}, path="basics"),
        part_added(2),
        graded(2, commit_id(0), {"basics": SuiteCount(1, 1, 2, 2)}, path="basics"),
        part_added(3),
    ).trace()
    assert [part.testing_state.solved_paths for part in trace.parts] == [(), ("basics",), ()]
    assert [part.testing_state.latest_passed for part in trace.parts] == [None, 2, 1]
    assert {part.testing_state.total_paths for part in trace.parts} == {2}


def test_the_grade_of_a_turns_end_counts_for_its_last_part() -> None:
    trace = _folded(
        part_added(1), part_added(2), graded(2, commit_id(0), {"basics": _GOOD}, cause="turn_end", call_id="")
    ).trace()
    assert [part.testing_state.solved_paths for part in trace.parts] == [(), ("basics",)]


@pytest.mark.parametrize(
    "count",
    [
        SuiteCount(1, 0, 1, 2),
        SuiteCount(1, 0, 1, 1),
        SuiteCount(1, 0, 2, 2),
        SuiteCount(2, 0, 2, 2, "crashed"),
        SuiteCount(2, 1, 3, 2),
        SuiteCount(0, 0, 0, 0),
    ],
)
def test_less_than_a_full_clean_count_solves_nothing(count: SuiteCount) -> None:
    state = _folded(graded(1, commit_id(0), {"basics": count}))
    assert state.testing.solved_paths == ()


def test_a_grade_of_single_tests_solves_nothing_and_forgets_nothing() -> None:
    one_test = graded(1, commit_id(0), {"basics": SuiteCount(1, 0, 1, 2)}, path="basics/first")
    assert _folded(one_test).testing.suites == {}
    full = graded(0, commit_id(0), {"basics": _GOOD})
    assert _folded(full, one_test).testing.solved_paths == ("basics",)
    assert _folded(full, one_test).testing.suites == {"basics": _GOOD}
    failing = graded(2, commit_id(1), {"basics": SuiteCount(0, 1, 1, 2)}, path="basics/first")
    assert _folded(full, failing).testing.solved_paths == ()


def test_a_path_above_a_suite_asks_for_all_of_it() -> None:
    grade = graded(1, commit_id(0), {"more/extra": _MORE}, path="more")
    assert _folded(grade).testing.solved_paths == ("more/extra",)


def test_solved_needs_all_suites_at_one_commit() -> None:
    apart = [graded(1, "a" * 40, {"basics": _GOOD}), graded(2, "b" * 40, {"more/extra": _MORE})]
    state = _folded(*apart)
    assert state.testing.solved_paths == ("basics", "more/extra")
    assert state.solved_commit is None
    together = graded(3, "b" * 40, {"basics": _GOOD}, path="basics")
    assert _folded(*apart, together).solved_commit == "b" * 40
    later = graded(4, "c" * 40, {"basics": _GOOD, "more/extra": _MORE})
    assert _folded(*apart, together, later).solved_commit == "b" * 40
    flaky = graded(5, "b" * 40, {"basics": SuiteCount(1, 1, 2, 2)})
    assert _folded(*apart, together, later, flaky).solved_commit == "c" * 40


def test_a_run_without_suites_is_never_solved() -> None:
    state = Fold()
    state.apply(run_started(suites={}))
    state.apply(graded(1, "a" * 40, {}))
    assert state.solved_commit is None


def test_of_two_grades_for_one_call_the_last_wins() -> None:
    again = graded(1, commit_id(0), {"basics": _GOOD})
    state = _folded(
        part_added(1),
        graded(1, commit_id(0), {"basics": SuiteCount(0, 2, 2, 2)}),
        RunResumed(at(100), 1, commit_id(0)),
        again,
        part_added(2, grade_ids=("grade-1",)),
    )
    assert state.grades == (again,)
    assert [call.result for call in state.trace().parts[1].envoi_calls] == [{"passed": 2, "failed": 0, "total": 2}]


def test_two_calls_with_one_id_in_different_replies_keep_their_grades() -> None:
    state = _folded(
        part_added(1),
        graded(1, commit_id(0), {"basics": SuiteCount(0, 2, 2, 2)}, grade_id="call:1:0", call_id="0"),
        part_added(2, grade_ids=("call:1:0",)),
        part_added(3),
        graded(3, commit_id(0), {"basics": _GOOD}, grade_id="call:3:0", call_id="0"),
        part_added(4, grade_ids=("call:3:0",)),
    )
    trace = state.trace()
    assert [(grade.grade_id, grade.passed) for grade in trace.grades] == [("call:1:0", 0), ("call:3:0", 2)]
    assert [[call.grade_id for call in part.envoi_calls] for part in trace.parts] == [
        [],
        ["call:1:0"],
        [],
        ["call:3:0"],
    ]


def test_a_tool_call_always_says_its_status() -> None:
    part = part_added(1)
    assert part.tool is not None
    assert b"status" not in msgspec.json.encode(part.tool)
    written = msgspec.json.decode(msgspec.json.encode(_folded(part).trace()))
    assert written["parts"][0]["tool"]["status"] == "called"
    assert written["parts"][0]["tool"]["exit_code"] is None


def test_a_resume_reopens_an_ended_trajectory() -> None:
    end = RunEnded(at(3), "stopped", 1, 1, commit_id(0))
    events: list[Event] = [TurnStarted(1, at(1), Payload(value=""), 1), part_added(1), TurnEnded(1, at(3), 1, "limit")]
    state = _folded(*events, end)
    assert state.trace().session_end is not None
    state.apply(RunResumed(at(50), 1, commit_id(0)))
    assert state.trace().session_end is None
    state.apply(TurnStarted(2, at(51), Payload(value=""), 2))
    assert state.open_turn is not None
    assert (state.turns, state.trace().turns[1].part_end) == (2, None)


def test_time_between_processes_does_not_count() -> None:
    state = _folded(part_added(10), part_added(4), RunResumed(at(1000), 4, "c"), part_added(1007))
    assert state.active_seconds == 10 + 7


def test_an_unknown_price_makes_the_cost_unknown() -> None:
    state = _folded(model_called(1), model_called(2))
    assert (state.cost, state.model_calls, state.usage) == (1.0, 2, Usage(200, 40, 60, 8, 10))
    state.apply(model_called(3, cost=None))
    state.apply(model_called(4))
    assert state.cost is None


def test_script_positions_are_the_last_of_each_conversation() -> None:
    def call(number: int, conversation: str) -> ModelCalled:
        return model_called(number, script=ScriptPosition(conversation, number, number, "d", number))

    state = _folded(call(1, "main"), call(2, "child"), call(3, "main"), model_called(4, script=None))
    assert {name: place.reply for name, place in state.script_positions.items()} == {"main": 3, "child": 2}


def test_events_without_a_beginning_are_no_trajectory() -> None:
    with pytest.raises(MachineError, match="before it began"):
        fold([part_added(1)])


def test_progress_agrees_with_the_fold_and_keeps_no_parts() -> None:
    light, full = Progress(), Fold()
    for event in sample_events():
        light.apply(event)
        full.apply(event)
    kept = vars(light)
    assert {name: vars(full)[name] for name in kept if name != "_suites"} == {
        name: kept[name] for name in kept if name != "_suites"
    }
    assert light.testing == full.testing
    assert not any(isinstance(value, list) and len(value) > 1 for value in kept.values())


def test_a_trace_survives_its_own_json() -> None:
    trace = fold(sample_events())
    assert msgspec.json.decode(msgspec.json.encode(trace), type=Trace) == trace


def test_the_seeds_field_names_are_there() -> None:
    trace = msgspec.json.decode(msgspec.json.encode(fold(sample_events())))
    assert {"trajectory_id", "session_id", "agent", "agent_model", "started_at", "parts", "turns"} <= trace.keys()
    assert {"artifacts", "session_end", "schema_version"} <= trace.keys()
    assert {"reason", "total_parts", "total_turns", "final_git_commit"} <= trace["session_end"].keys()
    part = trace["parts"][1]
    for name in ("git_commit", "envoi_calls", "testing_state", "repo_checkpoint", "duration_ms", "item_type"):
        assert name in part
    assert {"commit_before", "commit_after", "committed", "changed_files"} <= part["repo_checkpoint"].keys()


def test_folding_costs_the_same_for_every_part() -> None:
    state = Fold()
    state.apply(run_started())
    suites = {f"suite {number}": _GOOD for number in range(36)}
    times = []
    for part in range(1, 10_001):
        begin = time.thread_time()
        state.apply(part_added(part, size=10))
        state.apply(structs.replace(graded(part, commit_id(0), suites), call_id=""))
        times.append(time.thread_time() - begin)
    early, late = sorted(times[1000:3000])[1000], sorted(times[-2000:])[1000]
    assert late < 5 * early


def test_grades_are_told_apart_by_id_where_no_call_asked_for_them() -> None:
    grades: list[TestsGraded] = [graded(number, commit_id(0), {}, call_id="") for number in (1, 2)]
    assert [grade.grade_id for grade in _folded(*grades).grades] == ["grade-1", "grade-2"]
