"""Appending: what is acknowledged stays, what is not leaves no trace."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from loopwright.base import MachineError, UsageError
from loopwright.record import Event, Journal, JournalDamage, Noticed, RunDir, StopRequested, read_events, writer_of
from loopwright.record._sync import SYNC_SECONDS
from loopwright.record.samples import (
    at,
    checkpointed,
    commit_id,
    graded,
    part_added,
    sample_events,
)


@pytest.fixture
def rundir(tmp_path: Path) -> RunDir:
    return RunDir.create(tmp_path / "home", "sample")


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names in the order in which things were synced to disk."""
    done: list[str] = []
    real = os.fdatasync

    def spy(descriptor: int) -> None:
        real(descriptor)
        done.append("journal")

    monkeypatch.setattr(os, "fdatasync", spy)
    return done


def _events(rundir: RunDir) -> list[Event]:
    return [event for _, event in read_events(rundir.journal)]


def test_events_are_numbered_on_across_processes_and_kept(rundir: RunDir) -> None:
    events = list(sample_events())
    with Journal.open(rundir) as journal:
        assert [journal.append(event) for event in events[:9]] == list(range(1, 10))
    with Journal.open(rundir) as journal:
        assert journal.seq == 9
        assert journal.repaired is None
        assert [journal.append(event) for event in events[9:]] == list(range(10, len(events) + 1))
    assert _events(rundir) == events


def test_bytes_are_with_the_kernel_when_append_returns(rundir: RunDir) -> None:
    with Journal.open(rundir) as journal:
        for part in range(1, 20):
            journal.append(part_added(part))
            assert len(_events(rundir)) == part


def test_listeners_hear_every_event_in_order_after_it_is_written(rundir: RunDir) -> None:
    heard: list[tuple[int, int]] = []
    with Journal.open(rundir, [lambda seq, event: heard.append((seq, len(_events(rundir))))]) as journal:
        journal.append(part_added(1))
        journal.subscribe(lambda seq, event: heard.append((seq + 100, 0)))
        journal.append(part_added(2))
    assert heard == [(1, 1), (2, 2), (102, 0)]


@pytest.mark.parametrize("announced", [graded(1, commit_id(1), {}), checkpointed(part_added(1), commit_id(0))])
def test_grades_and_checkpoints_are_on_disk_before_they_are_announced(
    rundir: RunDir, syncs: list[str], announced: Event
) -> None:
    order: list[str] = []
    with Journal.open(rundir, [lambda seq, event: order.extend([*syncs, "listener"])]) as journal:
        journal.append(announced)
    assert order == ["journal", "listener"]


def test_other_events_are_on_disk_within_a_second_in_one_sync(rundir: RunDir, syncs: list[str]) -> None:
    with Journal.open(rundir) as journal:
        assert any(_seconds_to_sync(journal, syncs) < 1.0 for _ in range(5))


def test_closing_does_not_get_lost_in_a_sync_that_is_about_to_begin(
    rundir: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loopwright.record._sync.SYNC_SECONDS", 0.01)
    journal = Journal.open(rundir)
    closing = threading.Thread(target=journal.close, daemon=True)
    with journal._sync._syncing:
        journal.append(part_added(1))
        time.sleep(0.2)  # by now the thread of the journal wants to sync
        closing.start()
        time.sleep(0.1)
    closing.join(60)
    assert not closing.is_alive()


def _seconds_to_sync(journal: Journal, syncs: list[str]) -> float:
    """For 50 events. Where the machine is so busy that appending them lasts until the sync, they are no trial."""
    while True:
        syncs.clear()
        begin = time.monotonic()
        for _ in range(50):
            journal.append(part_added(journal.seq + 1))
        if not syncs and time.monotonic() - begin < SYNC_SECONDS / 2:
            break
        journal.sync()
    while not syncs:
        time.sleep(0.01)
    taken = time.monotonic() - begin
    time.sleep(SYNC_SECONDS * 1.2)
    assert len(syncs) == 1
    return taken


def test_blobs_are_on_disk_before_the_events_that_name_them(
    rundir: RunDir, syncs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def spy(descriptor: int) -> None:
        real(descriptor)
        syncs.append("blob")

    monkeypatch.setattr(os, "fsync", spy)
    with Journal.open(rundir) as journal:
        syncs.clear()
        journal.append(part_added(1, content=journal.blobs.payload("x" * 20_000)))
        journal.sync()
        assert syncs[0] == "blob"
        assert syncs[-1] == "journal"


def test_a_torn_tail_is_cut_off_at_every_byte_of_a_line(rundir: RunDir) -> None:
    events: list[Event] = [
        Noticed(at(1), "info", "a", "ü\n"),
        StopRequested(at(2), "b"),
        Noticed(at(3), "error", "", ""),
    ]
    with Journal.open(rundir) as journal:
        for event in events:
            journal.append(event)
    whole = rundir.journal.read_bytes()
    last_line = whole.rfind(b"\n", 0, -1)
    for size in [0, 1, whole.index(b"\n"), whole.index(b"\n") + 1, *range(last_line, len(whole) + 1)]:
        rundir.journal.write_bytes(whole[:size])
        kept = whole[:size].count(b"\n")
        good = whole.rfind(b"\n", 0, size) + 1
        with Journal.open(rundir) as journal:
            assert journal.seq == kept
            assert (journal.repaired is not None) == (size > good)
            if journal.repaired:
                assert (journal.repaired.offset, journal.repaired.dropped_bytes) == (good, size - good)
            journal.append(events[-1])
        assert _events(rundir) == [*events[:kept], events[-1]]


@pytest.mark.parametrize("line", [1, 3, 5])
def test_damage_before_the_end_is_refused_with_its_place(rundir: RunDir, line: int) -> None:
    with Journal.open(rundir) as journal:
        for part in range(1, 6):
            journal.append(part_added(part))
    lines = rundir.journal.read_bytes().splitlines(keepends=True)
    lines[line - 1] = lines[line - 1].replace(b"write_file", b"write_fool")
    rundir.journal.write_bytes(b"".join(lines) + b'{"torn')
    before = rundir.journal.read_bytes()
    with pytest.raises(JournalDamage, match="recover sample --salvage") as caught:
        Journal.open(rundir)
    assert (caught.value.line, caught.value.offset) == (line, len(b"".join(lines[: line - 1])))
    assert rundir.journal.read_bytes() == before
    assert writer_of(rundir) is None


def test_a_lost_line_is_damage(rundir: RunDir) -> None:
    with Journal.open(rundir) as journal:
        for part in range(1, 6):
            journal.append(part_added(part))
    lines = rundir.journal.read_bytes().splitlines(keepends=True)
    rundir.journal.write_bytes(b"".join(lines[:2] + lines[3:]))
    with pytest.raises(JournalDamage, match="event 3 was expected, 4 is there"):
        Journal.open(rundir)


def test_undecodable_text_in_any_field_is_kept_readable(rundir: RunDir) -> None:
    heard: list[Event] = []
    with Journal.open(rundir, [lambda seq, event: heard.append(event)]) as journal:
        journal.append(part_added(1, summary="caf\udce9"))
    assert _events(rundir) == heard == [part_added(1, summary="caf?")]


def test_a_closed_journal_says_so(rundir: RunDir) -> None:
    with Journal.open(rundir) as journal:
        pass
    journal.close()
    with pytest.raises(MachineError, match="closed"):
        journal.append(part_added(1))


_WRITER = """
import sys
from pathlib import Path
from loopwright.record import Journal, RunDir
with Journal.open(RunDir.open(Path(sys.argv[1]), "sample")):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_told_who_writes(rundir: RunDir) -> None:
    command = [sys.executable, "-c", _WRITER, str(rundir.home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "open\n"
        writer = writer_of(rundir)
        assert writer is not None
        assert writer.pid == first.pid
        second = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert f"UsageError: {rundir.lock}: The run sample is being worked on by process {first.pid}" in second.stderr
        with pytest.raises(UsageError, match=r"loopwright attach sample.*loopwright stop sample"):
            Journal.open(rundir)
        first.kill()
    assert writer_of(rundir) is None
    Journal.open(rundir).close()


def test_asking_who_writes_never_keeps_a_writer_out(rundir: RunDir) -> None:
    program = "import sys\nfrom pathlib import Path\nfrom loopwright.record import RunDir, writer_of\n"
    program += "while True: writer_of(RunDir(Path(sys.argv[1]), 'sample'))"
    Journal.open(rundir).close()
    asking = subprocess.Popen([sys.executable, "-c", program, str(rundir.home)])
    try:
        time.sleep(0.3)
        for _ in range(100):
            Journal.open(rundir).close()
    finally:
        asking.kill()
        asking.wait()


_FILL = """
import resource, sys
from pathlib import Path
from loopwright.base import MachineError
from loopwright.record import Journal, RunDir
from loopwright.record.samples import part_added
home, limit = Path(sys.argv[1]), int(sys.argv[2])
rundir = RunDir.create(home, "sample")
ballast = home / "ballast"
ballast.write_bytes(bytes(40_000))
with Journal.open(rundir) as journal:
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        while True:
            journal.append(part_added(journal.seq + 1, size=1500))
    except MachineError as error:
        print(error)
    full, size = journal.seq, rundir.journal.stat().st_size
    try:
        journal.append(part_added(full + 1, size=6000))
        raise SystemExit("the disk was not full")
    except MachineError:
        assert rundir.journal.stat().st_size == size and journal.seq == full
    ballast.unlink()
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    journal.append(part_added(full + 1, size=6000))
Path(sys.argv[3]).write_bytes(rundir.journal.read_bytes())
print(full)
"""


@pytest.mark.parametrize(
    ("limit", "message"), [(100_000, "File too large"), (0, "No space left on device")], ids=["short write", "ENOSPC"]
)
def test_a_full_disk_loses_nothing_and_is_survived(tmp_path: Path, limit: int, message: str) -> None:
    # A real failure each: a file size limit that falls inside a line, and a small file system of our own.
    home, copy = tmp_path / "home", tmp_path / "copy.jsonl"
    home.mkdir()
    mount = (
        ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--size", "300000", "--tmpfs", str(home)] if not limit else []
    )
    command = [*mount, sys.executable, "-c", _FILL, str(home), str(limit), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said, count = done.stdout.splitlines()
    assert f"Cannot append to the journal: {message}." in said
    events = [event for _, event in read_events(copy)]
    assert len(events) == int(count) + 1
    assert events[:-1] == [part_added(part, size=1500) for part in range(1, int(count) + 1)]
    assert events[-1] == part_added(int(count) + 1, size=6000)


def test_a_disk_that_fails_to_sync_stops_the_run(rundir: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    journal = Journal.open(rundir)
    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(MachineError, match="failed to keep the journal"):
        journal.append(checkpointed(part_added(1), commit_id(0)))
    with pytest.raises(MachineError, match="failed to keep the journal"):
        journal.append(part_added(2))
    with pytest.raises(MachineError, match="failed to keep the journal"):
        journal.close()
    assert writer_of(rundir) is None
