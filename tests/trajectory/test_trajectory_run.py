"""A whole trajectory: the scripted model, the real gateway, sandbox, grader, git and record."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from loopwright.base import UsageError
from loopwright.record import Event, Limits, RunDir, Trace, find_run, fold, read_events, verify
from loopwright.trajectory import resume

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[RunDir, Trace]]


def test_a_scripted_agent_solves_the_task_and_all_of_it_is_recorded(run: Run) -> None:
    rundir, trace = run()
    assert trace.session_end is not None
    assert trace.session_end.reason == "solved"
    assert trace.session_end.solved_commit == trace.session_end.final_git_commit
    assert trace.scripted
    assert [part.part for part in trace.parts] == list(range(1, len(trace.parts) + 1))
    assert [part.part_type for part in trace.parts[:4]] == ["reasoning", "text", "tool_call", "tool_result"]
    committed = [part for part in trace.parts if part.repo_checkpoint]
    assert [part.repo_checkpoint.changed_files for part in committed if part.repo_checkpoint] == [("greet.sh",)] * 2
    report = verify(rundir)
    assert report.ok, report.problems
    assert report.parts == len(trace.parts)


def test_the_grades_tell_how_it_went(run: Run) -> None:
    _, trace = run()
    assert [(grade.cause, grade.path, grade.passed, grade.total) for grade in trace.grades] == [
        ("agent", "", 0, 3),
        ("agent", "words/ada", 1, 1),
        ("agent", "words", 3, 3),
        ("turn_end", "", 3, 3),
    ]
    calls = [call for part in trace.parts for call in part.envoi_calls]
    assert [call.grade_id for call in calls] == [grade.grade_id for grade in trace.grades if grade.cause == "agent"]


def test_the_derived_files_are_what_readers_of_the_seed_expect(run: Run) -> None:
    rundir, trace = run()
    written = json.loads(rundir.agent_trace.read_bytes())
    assert written["parts"][0]["trajectory_id"] == rundir.id
    assert written["session_end"]["total_parts"] == len(trace.parts)
    assert {"solved_paths", "total_paths", "latest_path"} <= written["parts"][-1]["testing_state"].keys()
    for path in (rundir.bundle, rundir.parquet, rundir.conversation, rundir.summary):
        assert path.stat().st_size > 0


def test_the_part_limit_counts_parts(run: Run) -> None:
    _, trace = run(Limits(max_parts=5))
    assert trace.session_end is not None
    assert (trace.session_end.reason, len(trace.parts)) == ("part_limit", 5)


def test_the_token_limit_is_kept_by_the_gateway(run: Run) -> None:
    _, trace = run(Limits(max_tokens=1))
    assert trace.session_end is not None
    assert trace.session_end.reason == "token_limit"
    assert len([call for call in trace.model_calls if call.status == 200]) == 1


def test_a_run_that_hit_a_limit_goes_on_with_a_higher_one(run: Run) -> None:
    rundir, _ = run(Limits(max_parts=9))
    anyio.run(lambda: resume(rundir, Limits(max_parts=100)))
    trace = fold(event for _, event in read_events(rundir.journal))
    assert trace.session_end is not None
    assert (trace.session_end.reason, trace.resumed_after) == ("solved", (9,))
    assert [turn.outcome for turn in trace.turns] == ["limit", "finished"]
    assert verify(rundir).ok


def test_resuming_a_solved_run_only_completes_its_files(run: Run) -> None:
    rundir, _ = run()
    journal = rundir.journal.read_bytes()
    rundir.bundle.unlink()
    rundir.summary.unlink()
    assert anyio.run(lambda: resume(rundir)).reason == "solved"
    assert rundir.journal.read_bytes() == journal
    assert rundir.bundle.exists()
    assert verify(rundir).ok


def test_a_changed_task_is_not_resumed(run: Run, tiny_task: Path) -> None:
    rundir, _ = run(Limits(max_parts=5))
    (tiny_task / "instruction.md").write_text("Something else.\n")
    with pytest.raises(UsageError, match="task has changed"):
        anyio.run(lambda: resume(rundir))


def test_two_runs_cannot_have_one_id(run: Run) -> None:
    run(trajectory_id="mine")
    with pytest.raises(UsageError, match="mine"):
        run(trajectory_id="mine")


def test_listeners_hear_every_event_in_order(run: Run) -> None:
    heard: list[tuple[int, Event]] = []
    rundir, _ = run(listener=lambda seq, event: heard.append((seq, event)))
    assert heard == list(read_events(rundir.journal))[1:]
    assert find_run(rundir.home, "latest") == rundir


def test_nothing_is_left_in_the_temporary_folder(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    run()
    assert list(folder.iterdir()) == []
