"""Verifying: a sound record passes, and each kind of damage is found and named."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from msgspec import structs

from loopwright.base import UsageError
from loopwright.record import (
    Event,
    Journal,
    Limits,
    PartAdded,
    Payload,
    Progress,
    RunDir,
    RunEnded,
    RunResumed,
    TurnEnded,
    TurnStarted,
    VerifyReport,
    check_not_cut_back,
    fold,
    read_events,
    recover,
    verify,
    write_all,
)
from loopwright.record.events import CheckpointInfo
from loopwright.record.samples import at, part_added, run_started

_WHO = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}


def _git(repo: Path, *args: str, stdin: str = "") -> str:
    done = subprocess.run(
        ["git", f"--git-dir={repo}", *args], input=stdin, capture_output=True, text=True, env=os.environ | _WHO
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _commit(repo: Path, text: str, parent: str | None) -> tuple[str, str]:
    blob = _git(repo, "hash-object", "-w", "--stdin", stdin=text)
    tree = _git(repo, "mktree", stdin=f"100644 blob {blob}\tmain.py\n")
    return _git(repo, "commit-tree", tree, "-m", text, *(["-p", parent] if parent else [])), tree


@pytest.fixture
def rundir(tmp_path: Path) -> RunDir:
    """An ended run of six parts in two turns, with commits at parts 2, 3 and 5, a blob, and all derived files."""
    rundir = RunDir.create(tmp_path, "sample")
    subprocess.run(["git", "init", "-q", "--bare", str(rundir.repo)], check=True)
    commit, tree = _commit(rundir.repo, "part 0", None)
    with Journal.open(rundir) as journal:
        journal.append(run_started(initial_commit=commit, initial_tree=tree))
        for event in _events(rundir, commit, journal):
            journal.append(event)
    write_all(rundir, fold(event for _, event in read_events(rundir.journal)))
    refs = _git(rundir.repo, "for-each-ref", "--format=%(refname)").split()
    _git(rundir.repo, "bundle", "create", str(rundir.bundle), *refs)
    return rundir


def _events(rundir: RunDir, commit: str, journal: Journal) -> list[Event]:
    events: list[Event] = []
    for part in range(1, 7):
        turn = 1 if part < 4 else 2
        if part in (1, 4):
            events.append(TurnStarted(turn, at(part), Payload(value="Go."), part))
        event = part_added(part, turn=turn, content=journal.blobs.payload("x" * 9000 * (part % 2)))
        if part in (2, 3, 5):
            before = commit
            commit, tree = _commit(rundir.repo, f"part {part}", before)
            _git(rundir.repo, "update-ref", f"refs/parts/{part}", commit)
            event = structs.replace(event, checkpoint=CheckpointInfo(before, commit, tree))
        events.append(event)
        if part in (3, 6):
            events.append(TurnEnded(turn, at(part), part, "finished"))
    return [*events, RunEnded(at(7), "solved", 6, 2, commit)]


def _rewrite(rundir: RunDir, change: dict[int, Event | None]) -> None:
    """Write the journal again with some events (by number) replaced or left out."""
    events = [change.get(seq, event) for seq, event in read_events(rundir.journal)]
    rundir.journal.unlink()
    with Journal.open(rundir) as journal:
        for event in events:
            if event is not None:
                journal.append(event)


def _numbered(rundir: RunDir, part: int) -> tuple[int, PartAdded]:
    events = read_events(rundir.journal)
    return next((seq, event) for seq, event in events if isinstance(event, PartAdded) and event.part == part)


def _errors(report: VerifyReport) -> str:
    assert not report.ok
    return "\n".join(f"{problem.where} {problem.what}" for problem in report.problems if problem.severity == "error")


def test_a_sound_record_passes(rundir: RunDir) -> None:
    report = verify(rundir)
    assert report.problems == ()
    assert report.ok
    assert (report.events, report.parts, report.blobs, report.commits) == (12, 6, 1, 4)


def test_verifying_changes_nothing(rundir: RunDir) -> None:
    before = {path: path.stat().st_mtime_ns for path in rundir.path.rglob("*")}
    verify(rundir)
    assert {path: path.stat().st_mtime_ns for path in rundir.path.rglob("*")} == before


def test_the_callers_git_environment_does_not_matter(rundir: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", "/nowhere")
    assert verify(rundir).ok


def test_a_damaged_line_is_found(rundir: RunDir) -> None:
    rundir.journal.write_bytes(rundir.journal.read_bytes().replace(b"main.py (4)", b"main.py (5)"))
    errors = _errors(verify(rundir))
    assert "damaged at line 8" in errors
    assert "agent_trace" not in errors


def test_a_torn_tail_is_a_warning_and_a_lost_tail_is_found(rundir: RunDir) -> None:
    data = rundir.journal.read_bytes()
    rundir.journal.write_bytes(data + b'{"seq"')
    report = verify(rundir)
    assert report.ok
    assert [problem.severity for problem in report.problems] == ["warning"]
    rundir.journal.write_bytes(b"".join(data.splitlines(keepends=True)[:4]))
    assert "3 parts more than the journal" in _errors(verify(rundir))


def test_a_line_that_is_being_written_is_no_problem(rundir: RunDir) -> None:
    with Journal.open(rundir):
        with rundir.journal.open("ab") as file:
            file.write(b'{"seq"')
        assert verify(rundir).problems == ()


@pytest.mark.parametrize(
    ("data", "what"), [(None, "missing"), (b'"else"', "does not match its name")], ids=["missing", "damaged"]
)
def test_a_blob_that_is_not_what_it_was_is_found(rundir: RunDir, data: bytes | None, what: str) -> None:
    blob = next(path for path in rundir.blobs_folder.rglob("*") if path.is_file())
    if data is None:
        blob.unlink()
    else:
        blob.write_bytes(data)
    errors = _errors(verify(rundir))
    assert what in errors
    assert str(blob) in errors


def test_a_part_that_is_left_out_is_found(rundir: RunDir) -> None:
    _rewrite(rundir, {_numbered(rundir, 4)[0]: None})
    assert "Part 5 follows part 3" in _errors(verify(rundir))


def test_a_checkpoint_that_is_left_out_is_found(rundir: RunDir) -> None:
    seq, event = _numbered(rundir, 3)
    _rewrite(rundir, {seq: structs.replace(event, checkpoint=None)})
    assert "checkpoint of part 5 does not follow" in _errors(verify(rundir))


@pytest.mark.parametrize(
    ("event", "what"),
    [
        (TurnStarted(3, at(4), Payload(value=""), 4), "Turn 3 follows turn 1"),
        (TurnStarted(2, at(4), Payload(value=""), 5), "begins with part 5; the next part is 4"),
    ],
)
def test_turns_that_do_not_fit_are_found(rundir: RunDir, event: Event, what: str) -> None:
    _rewrite(rundir, {7: event})
    assert what in _errors(verify(rundir))


def test_a_wrong_count_at_the_end_is_found(rundir: RunDir) -> None:
    _rewrite(rundir, {12: RunEnded(at(7), "solved", 7, 2, "c")})
    assert "counts 7 parts; there are 6" in _errors(verify(rundir))


def test_a_commit_that_is_gone_is_found(rundir: RunDir) -> None:
    commit = _git(rundir.repo, "rev-parse", "refs/parts/3")
    (rundir.repo / "objects" / commit[:2] / commit[2:]).unlink()
    assert f"The commit {commit} of a checkpoint is missing" in _errors(verify(rundir))


def test_a_commit_with_another_tree_is_found(rundir: RunDir) -> None:
    seq, event = _numbered(rundir, 5)
    assert event.checkpoint is not None
    _rewrite(rundir, {seq: structs.replace(event, checkpoint=structs.replace(event.checkpoint, tree="1" * 40))})
    assert f"not {'1' * 40}" in _errors(verify(rundir))


def test_refs_that_are_missing_or_elsewhere_are_found(rundir: RunDir) -> None:
    _git(rundir.repo, "update-ref", "refs/parts/3", "refs/parts/2")
    _git(rundir.repo, "update-ref", "-d", "refs/parts/5")
    errors = _errors(verify(rundir))
    assert "refs/parts/3 The ref is at" in errors
    assert "refs/parts/5 The ref of a checkpoint is missing" in errors


def test_a_repository_that_is_none_is_found(rundir: RunDir) -> None:
    (rundir.repo / "HEAD").unlink()
    assert "git cannot read it" in _errors(verify(rundir))


def test_a_checkpoint_whose_event_was_never_written_is_no_problem(rundir: RunDir) -> None:
    _git(rundir.repo, "update-ref", "refs/parts/7", "refs/parts/5")
    assert verify(rundir).ok


def test_a_bundle_that_lacks_a_ref_is_found(rundir: RunDir) -> None:
    for left_out in (3, 5):
        refs = [f"refs/parts/{part}" for part in (2, 3, 5) if part != left_out]
        _git(rundir.repo, "bundle", "create", str(rundir.bundle), *refs)
        assert f"The bundle lacks the ref of part {left_out}." in _errors(verify(rundir))


def test_a_bundle_that_is_none_is_found(rundir: RunDir) -> None:
    rundir.bundle.write_bytes(b"nonsense")
    assert str(rundir.bundle) in _errors(verify(rundir))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('"trajectory_id":"sample"', '"trajectory_id":"other"', "of the run 'other'"),
        ('"part":4', '"part":9', "not consecutive"),
        ('"parts":[', '"farts":[', "cannot be read"),
    ],
)
def test_a_trace_that_says_something_else_is_found(rundir: RunDir, old: str, new: str, what: str) -> None:
    text = rundir.agent_trace.read_text()
    assert old in text
    rundir.agent_trace.write_text(text.replace(old, new, 1))
    assert what in _errors(verify(rundir))
    recover(rundir)
    assert verify(rundir).problems == ()


def test_a_trace_of_this_end_with_fewer_parts_is_found(rundir: RunDir) -> None:
    trace = fold(event for _, event in read_events(rundir.journal))
    write_all(rundir, structs.replace(trace, parts=trace.parts[:-1]))
    assert "has 5 parts; the journal has 6" in _errors(verify(rundir))


def test_files_from_before_a_resume_are_a_warning(rundir: RunDir) -> None:
    with Journal.open(rundir) as journal:
        journal.append(RunResumed(at(100), 6, "c", Limits()))
        journal.append(TurnStarted(3, at(101), Payload(value=""), 7))
        journal.append(part_added(7, turn=3))
    report = verify(rundir)
    assert report.ok
    assert [problem.what for problem in report.problems] == ["The file is older than the journal."]
    recover(rundir)
    assert verify(rundir).problems == ()


def test_a_run_that_died_before_it_began_is_said_to_be_that(tmp_path: Path) -> None:
    rundir = RunDir.create(tmp_path, "one")
    assert "had not begun when its process ended" in _errors(verify(rundir))
    with Journal.open(rundir):
        report = verify(rundir)
    assert report.ok
    assert [problem.severity for problem in report.problems] == ["warning"]


def test_a_journal_under_another_name_is_found(rundir: RunDir) -> None:
    rundir.path.rename(rundir.path.with_name("other"))
    assert "is of the run 'sample'" in _errors(verify(RunDir.open(rundir.home, "other")))


def test_where_the_repository_is_gone_the_bundle_is_looked_into(rundir: RunDir) -> None:
    shutil.rmtree(rundir.repo)
    report = verify(rundir)
    assert report.ok
    assert report.commits == 4
    problem = report.problems[0]
    assert (problem.severity, "all 4 commits" in problem.what) == ("warning", True)
    subprocess.run(["sh", "-c", problem.remedy.removeprefix("Type: ")], check=True, capture_output=True)
    assert verify(rundir).problems == ()


def test_a_chain_of_bundles_is_looked_into_too(rundir: RunDir) -> None:
    rundir.bundle.unlink()
    rundir.bundles_folder.mkdir()
    first, second = rundir.bundles_folder / "000001.bundle", rundir.bundles_folder / "000002.bundle"
    _git(rundir.repo, "bundle", "create", str(first), "refs/parts/2")
    _git(rundir.repo, "bundle", "create", str(second), "refs/parts/3", "refs/parts/5", "^refs/parts/2")
    shutil.rmtree(rundir.repo)
    report = verify(rundir)
    assert (report.ok, report.commits) == (True, 4)
    subprocess.run(["sh", "-c", report.problems[0].remedy.removeprefix("Type: ")], check=True, capture_output=True)
    assert verify(rundir).problems == ()
    shutil.rmtree(rundir.repo)
    first.unlink()
    assert "cannot be read" in _errors(verify(rundir))


def test_a_repository_that_is_gone_without_a_whole_bundle_is_an_error(rundir: RunDir) -> None:
    last = _git(rundir.repo, "rev-parse", "refs/parts/5")
    _git(rundir.repo, "bundle", "create", str(rundir.bundle), "refs/parts/2", "refs/parts/3")
    shutil.rmtree(rundir.repo)
    errors = _errors(verify(rundir))
    assert "lacks 1 of 4 commits" in errors
    assert last in errors
    rundir.bundle.unlink()
    rundir.bundles_folder.mkdir()
    assert "The repository repo.git is gone." in _errors(verify(rundir))


def test_a_journal_that_was_cut_back_is_refused(rundir: RunDir) -> None:
    check_not_cut_back(rundir, _state(rundir))
    lines = rundir.journal.read_bytes().splitlines(keepends=True)
    rundir.journal.write_bytes(b"".join(lines[:8]))
    assert _state(rundir).parts == 4
    summary = rundir.summary.read_bytes()
    rundir.summary.unlink()
    check_not_cut_back(rundir, _state(rundir))  # a crash between a checkpoint and its event leaves one ref
    rundir.summary.write_bytes(summary)
    rundir.journal.write_bytes(b"".join(lines[:4]))
    for packed in (False, True):
        if packed:
            _git(rundir.repo, "pack-refs", "--all")
        with pytest.raises(UsageError, match="ends with part 2, but there were 6 parts") as caught:
            check_not_cut_back(rundir, _state(rundir))
    assert "--salvage" in str(caught.value.remedy)
    known = rundir.agent_trace.read_bytes()
    with pytest.raises(UsageError):
        recover(rundir)
    assert rundir.agent_trace.read_bytes() == known  # it is the last that has the missing parts
    rundir.summary.unlink()
    with pytest.raises(UsageError, match="there were 5 parts"):
        check_not_cut_back(rundir, _state(rundir))
    aside = recover(rundir, salvage=True).aside
    assert aside == rundir.path / "journal.damaged-1.jsonl"
    assert (rundir.path / "agent_trace.damaged-1.json").read_bytes() == known
    check_not_cut_back(rundir, _state(rundir))
    assert recover(rundir, salvage=True).aside is None  # once is enough
    later = time.time() + 10
    os.utime(rundir.repo / "packed-refs", (later, later))  # a resumed run went on: its parts may not get lost either
    with pytest.raises(UsageError):
        check_not_cut_back(rundir, _state(rundir))


def test_parts_without_checkpoints_that_were_cut_off_an_ended_run_are_missed(rundir: RunDir) -> None:
    lines = rundir.journal.read_bytes().splitlines(keepends=True)
    rundir.journal.write_bytes(b"".join(lines[:9]))
    assert _state(rundir).parts == 5
    with pytest.raises(UsageError, match="ends with part 5, but there were 6 parts"):
        check_not_cut_back(rundir, _state(rundir))


def _state(rundir: RunDir) -> Progress:
    state = Progress()
    for _, event in read_events(rundir.journal):
        state.apply(event)
    return state


def test_salvage_leaves_a_record_that_passes(rundir: RunDir) -> None:
    lines = rundir.journal.read_bytes().splitlines(keepends=True)
    lines[3] = b"junk\n"
    rundir.journal.write_bytes(b"".join(lines))
    recover(rundir, salvage=True)
    rundir.bundle.unlink()
    report = verify(rundir)
    assert report.ok
    assert "journal.damaged" in report.problems[0].remedy
