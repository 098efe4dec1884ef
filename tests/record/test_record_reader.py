"""Reading a journal: whole, from its end, as it grows."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.record import (
    Event,
    Journal,
    JournalDamage,
    RunDir,
    first_event,
    follow,
    read_events,
    read_tail,
)
from loopwright.record._backwards import lines_backwards
from loopwright.record._line import frame
from loopwright.record.samples import part_added, run_started


def _write(path: Path, sizes: list[int]) -> None:
    from loopwright.record import encode_event

    lines = [frame(seq, encode_event(part_added(seq, size=size))) for seq, size in enumerate(sizes, start=1)]
    path.write_bytes(b"".join(lines))


@given(st.lists(st.binary(max_size=5)), st.binary(max_size=5), st.sampled_from([1, 70_000]))
def test_lines_from_the_end_are_the_lines_from_the_start_reversed(lines: list[bytes], torn: bytes, scale: int) -> None:
    whole = b"".join(line.replace(b"\n", b" ") * scale + b"\n" for line in lines)
    file = BytesIO(whole + torn.replace(b"\n", b" "))
    found = list(lines_backwards(file))
    assert b"".join(line for _, line in reversed(found)) == whole
    assert all(whole[offset : offset + len(line)] == line for offset, line in found)


@pytest.mark.parametrize("count", [0, 1, 3, 7, 100])
def test_the_tail_is_the_end_of_the_whole(tmp_path: Path, count: int) -> None:
    journal = tmp_path / "journal.jsonl"
    _write(journal, [10, 100_000, 10, 200_000, 10, 10, 10])
    with journal.open("ab") as file:
        file.write(b'{"seq":8,"crc":')
    whole = list(read_events(journal))
    assert len(whole) == 7
    assert read_tail(journal, count) == whole[max(0, 7 - count) :]


def test_a_journal_that_is_not_there_is_empty(tmp_path: Path) -> None:
    nowhere = tmp_path / "journal.jsonl"
    assert list(read_events(nowhere)) == []
    assert read_tail(nowhere, 5) == []
    assert first_event(nowhere) is None


def test_the_first_event_is_read_alone(tmp_path: Path) -> None:
    rundir = RunDir.create(tmp_path, "one")
    with Journal.open(rundir) as journal:
        journal.append(run_started("one"))
        journal.append(part_added(1))
    assert first_event(rundir.journal) == run_started("one")


def test_damage_names_line_and_byte_wherever_it_is_met(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    _write(journal, [5, 5, 5])
    lines = journal.read_bytes().splitlines(keepends=True)
    broken = lines[1].replace(b"xxxxx", b"xxyxx")
    journal.write_bytes(lines[0] + broken + lines[2])
    got: list[int] = []
    with pytest.raises(JournalDamage) as whole:
        got.extend(seq for seq, _ in read_events(journal))
    with pytest.raises(JournalDamage) as tail:
        read_tail(journal, 3)
    assert got == [1]
    for caught in (whole.value, tail.value):
        assert (caught.line, caught.offset) == (2, len(lines[0]))
    assert len(read_tail(journal, 1)) == 1


def test_a_valid_line_with_an_unknown_event_is_named(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    _write(journal, [5])
    with journal.open("ab") as file:
        file.write(frame(2, b'{"type":"from_the_future"}'))
    with pytest.raises(JournalDamage, match="from_the_future") as caught:
        list(read_events(journal))
    assert caught.value.line == 2
    with pytest.raises(JournalDamage, match="from_the_future"):
        read_tail(journal, 1)


def _collect(path: Path, after: int, script: list[bytes]) -> list[int]:
    """Follow while another task writes the pieces one after the other."""
    done = False
    got: list[tuple[int, Event]] = []

    async def write() -> None:
        nonlocal done
        for piece in script:
            await anyio.sleep(0.03)
            with path.open("ab") as file:
                file.write(piece)
        done = True

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(write)
            got.extend([item async for item in follow(path, lambda: done, poll=0.01, after=after)])

    anyio.run(run)
    return [seq for seq, _ in got]


def test_following_waits_for_the_file_and_for_whole_lines(tmp_path: Path) -> None:
    source, path = tmp_path / "source.jsonl", tmp_path / "journal.jsonl"
    _write(source, [5, 50_000, 5, 5])
    data = source.read_bytes()
    cuts = [0, 10, len(data) // 2, len(data) - 3, len(data)]
    pieces = [data[start:end] for start, end in pairwise(cuts)]
    assert _collect(path, 0, pieces) == [1, 2, 3, 4]


def test_following_begins_after_a_number(tmp_path: Path) -> None:
    source, path = tmp_path / "source.jsonl", tmp_path / "journal.jsonl"
    _write(source, [5] * 6)
    lines = source.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:4]))
    assert _collect(path, 3, lines[4:]) == [4, 5, 6]


def test_following_survives_a_writer_that_died_in_a_line(tmp_path: Path) -> None:
    source, path = tmp_path / "source.jsonl", tmp_path / "journal.jsonl"
    _write(source, [5] * 3)
    lines = source.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:40])
    done = False
    got: list[int] = []

    async def repair() -> None:
        nonlocal done
        await anyio.sleep(0.05)
        with path.open("r+b") as file:
            file.truncate(len(lines[0]))
            file.seek(0, 2)
            file.write(lines[1] + lines[2])
        await anyio.sleep(0.05)
        done = True

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(repair)
            got.extend([seq async for seq, _ in follow(path, lambda: done, poll=0.01)])

    anyio.run(run)
    assert got == [1, 2, 3]


_TAIL = """
import sys, time
from pathlib import Path
from loopwright.record import read_tail
def peak():  # of this program alone; ru_maxrss would count the process that started it
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024
before, times = peak(), []
for _ in range(3):
    begin = time.process_time()
    assert len(read_tail(Path(sys.argv[1]), 200)) == 200
    times.append(time.process_time() - begin)
print(min(times), before, peak())
"""


@pytest.mark.slow
def test_the_tail_of_a_long_journal_is_cheap(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    _write(path, [1000] * 100_000)
    done = subprocess.run([sys.executable, "-c", _TAIL, str(path)], capture_output=True, text=True, check=True)
    seconds, before, after = (float(word) for word in done.stdout.split())
    assert path.stat().st_size > 100e6
    assert seconds < 0.1
    assert after < 100e6
    assert after - before < 5e6


def test_whole_events_are_read_wherever_a_journal_is_cut(tmp_path: Path) -> None:
    source, path = tmp_path / "source.jsonl", tmp_path / "journal.jsonl"
    _write(source, [1, 3])
    data, whole = source.read_bytes(), list(read_events(source))
    for size in range(len(data) + 1):
        path.write_bytes(data[:size])
        kept = data[:size].count(b"\n")
        assert list(read_events(path)) == whole[:kept]
        assert read_tail(path, 2) == whole[max(0, kept - 2) : kept]
