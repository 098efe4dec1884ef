"""The loop around an agent that is a program of its own: grades by MCP, checkpoints, memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from loopwright.record import (
    AgentSession,
    CheckpointTaken,
    Event,
    Limits,
    PartAdded,
    RunDir,
    Trace,
    read_events,
    verify,
)

pytestmark = pytest.mark.slow
Run = Callable[..., tuple[RunDir, Trace]]

_GOOD = 'echo "hello $1"\n'
_BAD = "echo hi\n"


def test_a_grade_through_mcp_belongs_to_the_part_of_its_call(run: Run, probe: Callable[..., str]) -> None:
    plan = probe(
        [
            ["write", "greet.sh", _BAD],
            ["sleep", 0.3],
            ["quietly", "notes.txt", "between two parts"],
            ["tests", "words/ada"],
            ["write", "greet.sh", _GOOD],
            ["tests", "words/alan"],
            ["tests", ""],
        ]
    )
    rundir, trace = run(agent=plan)
    assert trace.session_end is not None
    assert trace.session_end.reason == "solved"
    calls = [(part.part, call.path, call.result) for part in trace.parts for call in part.envoi_calls]
    assert [(path, result and result["passed"]) for _, path, result in calls] == [
        ("words/ada", 0),
        ("words/alan", 1),
        ("", 3),
    ]
    assert {trace.parts[number - 1].part_type for number, _, _ in calls} == {"tool_result"}
    assert verify(rundir).ok


def test_what_changes_between_two_parts_is_committed_before_it_is_graded(
    run: Run, probe: Callable[..., str], tmp_path: Path
) -> None:
    def go_on(_: int, event: Event) -> None:
        if isinstance(event, PartAdded) and event.part == 1:
            (RunDir(tmp_path / "home", "mine").scratch / "recorded").touch()

    plan = probe([["write", "greet.sh", _BAD], ["await", "recorded"], ["quietly", "greet.sh", _GOOD], ["tests", ""]])
    rundir, trace = run(agent=plan, listener=go_on, trajectory_id="mine")
    taken = [event for _, event in read_events(rundir.journal) if isinstance(event, CheckpointTaken)]
    assert len(taken) == 1
    graded = next(grade for grade in trace.grades if grade.cause == "agent")
    assert graded.commit == taken[0].checkpoint.commit_after
    owner = trace.parts[taken[0].part - 1]
    assert owner.git_commit == graded.commit
    assert verify(rundir).problems == ()


def test_files_that_change_before_the_first_part_are_a_part_of_their_own(run: Run, probe: Callable[..., str]) -> None:
    rundir, trace = run(agent=probe([["quietly", "greet.sh", _GOOD], ["tests", ""]]))
    assert [change.path for part in trace.parts for change in part.files] == ["greet.sh"]
    assert verify(rundir).problems == ()


def test_an_untested_version_is_noticed(run: Run, probe: Callable[..., str]) -> None:
    _, trace = run(agent=probe([["say", "hello"]]), limits=Limits(max_parts=3))
    assert ("agent_version", "the probe was never tested") in [(one.code, one.message) for one in trace.notices]


def test_only_what_was_added_to_the_memory_is_recorded(run: Run, probe: Callable[..., str]) -> None:
    turns = [[["write", f"{turn}.txt", "x"]] for turn in range(3)]
    rundir, trace = run(agent=probe(*turns), limits=Limits(max_parts=3))
    sessions = [event for _, event in read_events(rundir.journal) if isinstance(event, AgentSession)]
    assert len(sessions) == 3
    assert [event.offsets.get("memory.jsonl", 0) > 0 for event in sessions] == [False, True, True]
    whole = (rundir.agent_home / "memory.jsonl").read_bytes()
    assert sum(row.files["memory.jsonl"] for row in trace.agent_sessions[-1:]) >= len(whole)
