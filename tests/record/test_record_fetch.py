"""Rebuilding a run from a store: nothing damaged, missing or foreign gets in, and no living machine is needed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from moto.server import ThreadedMotoServer

from loopwright.base import MachineError, UsageError
from loopwright.record import Journal, PartAdded, RunDir, Shipper, Store, fetch, open_store, read_events, verify
from loopwright.record.samples import part_added, sample_events


@pytest.fixture
def rundir(tmp_path: Path) -> RunDir:
    return RunDir.create(tmp_path / "home", "sample")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "store"))


def _no_bundle(target: Path) -> None:
    return None


def _payload_part(journal: Journal, part: int) -> PartAdded:
    return part_added(part, content=journal.blobs.payload(f"{part} " * 9000))


def _shipped(rundir: RunDir, store: Store) -> None:
    async def run() -> None:
        with Journal.open(rundir) as journal:
            async with Shipper(rundir, store, _no_bundle) as shipper:
                for event in sample_events():
                    if isinstance(event, PartAdded) and event.part in (3, 6):
                        event = _payload_part(journal, event.part)
                    journal.append(event)
                    if journal.seq in (5, 9):
                        await shipper.finish()
                await shipper.finish()

    anyio.run(run)


def test_what_is_damaged_or_missing_in_the_store_is_named(rundir: RunDir, store: Store, tmp_path: Path) -> None:
    _shipped(rundir, store)
    keys = store.list("trajectories/sample/journal/")
    assert len(keys) >= 3
    middle = store.get(keys[1])
    blob = next(key for key in store.list("trajectories/sample/blobs/"))
    target = tmp_path / "copy"

    store.put(keys[1], middle.replace(b"sample", b"simple").replace(b"part", b"port"))
    with pytest.raises(MachineError, match="segment in the store is damaged"):
        fetch(store, "sample", target)
    (tmp_path / "store" / keys[1]).unlink()
    with pytest.raises(MachineError, match="are missing in the store"):
        fetch(store, "sample", target)
    store.put(keys[1], middle)
    store.put(blob, b"other")
    with pytest.raises(MachineError, match="payload in the store is damaged"):
        fetch(store, "sample", target)
    assert not RunDir(target, "sample").path.exists()


def test_a_segment_that_was_shipped_twice_is_read_once(rundir: RunDir, store: Store, tmp_path: Path) -> None:
    _shipped(rundir, store)
    keys = store.list("trajectories/sample/journal/")
    store.put(keys[0], store.get(keys[0]) + store.get(keys[1]))
    copy = fetch(store, "sample", tmp_path / "copy")
    assert copy.journal.read_bytes() == rundir.journal.read_bytes()


def test_names_in_a_store_cannot_reach_other_files(rundir: RunDir, store: Store, tmp_path: Path) -> None:
    _shipped(rundir, store)
    for name in ("run.lock", "blobs/aa/short", "bundles/x.bundle", "workspace/evil", "journal/1.jsonl"):
        store.put(f"trajectories/sample/{name}", b"x")
    copy = fetch(store, "sample", tmp_path / "copy")
    names = {path.name for path in copy.path.rglob("*") if path.is_file() and len(path.name) != 64}
    assert names == {"journal.jsonl"}


def test_an_unknown_run_is_not_fetched(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run 'sample'"):
        fetch(store, "sample", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


_SHIP = """
import sys, anyio
from pathlib import Path
from loopwright.record import Journal, RunDir, Shipper, open_store
from loopwright.record.samples import part_added
async def main():
    rundir = RunDir.create(Path(sys.argv[1]), "sample")
    with Journal.open(rundir) as journal:
        async with Shipper(rundir, open_store(sys.argv[2]), lambda target: None):
            while True:
                journal.append(part_added(journal.seq + 1, content=journal.blobs.payload([journal.seq] * 9000)))
                print(journal.seq, flush=True)
                await anyio.sleep(0.01)
anyio.run(main)
"""


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    subprocess.run([sys.executable, "-c", _MAKE_BUCKET, url], check=True)
    settings = {"ENDPOINT_URL": url, "ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "REGION": "us-east-1"}
    for name, value in settings.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    yield f"s3://runs/{os.urandom(6).hex()}"
    server.stop()


_MAKE_BUCKET = (
    "import sys, urllib.request as r; r.urlopen(r.Request(sys.argv[1] + '/runs', method='PUT'))  # noqa: S310"
)


@pytest.mark.slow
def test_a_machine_that_dies_leaves_its_run_in_the_bucket(tmp_path: Path, bucket: str) -> None:
    # All but its last two seconds; where others need the machine, the bucket's server here may take longer once.
    assert any(_dies_with_a_part_of(2.0, tmp_path / str(number), f"{bucket}/{number}") for number in range(3))


def _dies_with_a_part_of(seconds: float, folder: Path, bucket: str) -> bool:
    """Kill a writer. What it leaves must be whole; gives whether nothing older than `seconds` is lost."""
    command = [sys.executable, "-c", _SHIP, str(folder / "home"), bucket]
    acknowledged: list[tuple[float, int]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        while not acknowledged or acknowledged[-1][0] - acknowledged[0][0] < 4.0:
            acknowledged.append((time.monotonic(), int(writer.stdout.readline())))
        writer.send_signal(signal.SIGKILL)
    died = acknowledged[-1][0]
    copy = fetch(open_store(bucket), "sample", folder / "copy")
    parts = [event.part for _, event in read_events(copy.journal) if isinstance(event, PartAdded)]
    assert parts == list(range(1, len(parts) + 1))
    assert verify(copy).blobs == len(parts)
    assert not [problem for problem in verify(copy).problems if "payload" in problem.what]
    return len(parts) >= max(seq for moment, seq in acknowledged if moment < died - seconds)
