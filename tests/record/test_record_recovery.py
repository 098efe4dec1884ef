"""Recovering damaged journals: nothing is deleted, nothing invented."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from loopwright.base import UsageError
from loopwright.record import Journal, JournalDamage, RunDir, fold, read_events, recover, write_all
from loopwright.record._line import frame
from loopwright.record.samples import sample_events

_EVENTS = len(list(sample_events()))


@pytest.fixture
def rundir(tmp_path: Path) -> RunDir:
    rundir = RunDir.create(tmp_path, "sample")
    with Journal.open(rundir) as journal:
        for event in sample_events():
            journal.append(event)
    return rundir


def _damage(rundir: RunDir, line: int) -> bytes:
    lines = rundir.journal.read_bytes().splitlines(keepends=True)
    lines[line - 1] = b"\0" * (len(lines[line - 1]) - 1) + b"\n"
    rundir.journal.write_bytes(b"".join(lines))
    return rundir.journal.read_bytes()


def test_a_sound_journal_is_left_alone(rundir: RunDir) -> None:
    before = rundir.journal.read_bytes()
    report = recover(rundir, salvage=True)
    assert (report.kept_events, report.torn_bytes, report.aside, report.rebuilt) == (_EVENTS, 0, None, False)
    assert rundir.journal.read_bytes() == before


def test_a_torn_tail_is_cut_off(rundir: RunDir) -> None:
    before = rundir.journal.read_bytes()
    rundir.journal.write_bytes(before + b'{"seq":28,"cr')
    report = recover(rundir)
    assert (report.kept_events, report.torn_bytes) == (_EVENTS, 13)
    assert rundir.journal.read_bytes() == before


def test_damage_is_not_touched_without_being_told_to(rundir: RunDir) -> None:
    damaged = _damage(rundir, 10)
    with pytest.raises(JournalDamage, match="line 10"):
        recover(rundir)
    assert rundir.journal.read_bytes() == damaged


def test_salvage_keeps_the_valid_beginning_and_the_whole_file_aside(rundir: RunDir) -> None:
    events = list(sample_events())
    damaged = _damage(rundir, 10)
    report = recover(rundir, salvage=True)
    assert report.aside is not None
    assert report.aside.read_bytes() == damaged
    assert (report.kept_events, report.aside_events, report.aside.name) == (9, _EVENTS - 9, "journal.damaged-1.jsonl")
    assert [event for _, event in read_events(rundir.journal)] == events[:9]
    with Journal.open(rundir) as journal:
        assert journal.append(events[9]) == 10
    _damage(rundir, 3)
    assert recover(rundir, salvage=True).aside == rundir.path / "journal.damaged-2.jsonl"
    assert report.aside.read_bytes() == damaged


def test_a_valid_line_with_an_unreadable_event_is_damage_too(rundir: RunDir) -> None:
    lines = rundir.journal.read_bytes().splitlines(keepends=True)
    lines[4] = frame(5, b'{"type":"from_the_future"}')
    rundir.journal.write_bytes(b"".join(lines))
    with pytest.raises(JournalDamage, match="line 5"):
        recover(rundir)
    assert recover(rundir, salvage=True).kept_events == 4


def test_derived_files_follow_the_journal(rundir: RunDir) -> None:
    write_all(rundir, fold(event for _, event in read_events(rundir.journal)))
    _damage(rundir, 10)
    assert recover(rundir, salvage=True).rebuilt
    trace = msgspec.json.decode(rundir.agent_trace.read_bytes())
    kept = list(sample_events())[:9]
    assert len(trace["parts"]) == len([event for event in kept if type(event).__name__ == "PartAdded"])


def test_a_journal_damaged_from_its_first_byte_is_kept_aside(rundir: RunDir) -> None:
    damaged = _damage(rundir, 1)
    report = recover(rundir, salvage=True)
    assert report.kept_events == 0
    assert report.aside is not None
    assert report.aside.read_bytes() == damaged


def test_a_run_that_is_being_worked_on_is_not_recovered(rundir: RunDir) -> None:
    with Journal.open(rundir), pytest.raises(UsageError, match="being worked on"):
        recover(rundir, salvage=True)
