"""What recording costs: journal, blobs, checkpoints and upload, for each part of a run of 1,000 parts.

A workspace of 200 files; every second part edits one of them; each part carries 3 KB of text that does not compress,
and every tenth a result of 20 KB (a blob). The store is a folder, shipped to while the parts are recorded.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from loopwright.agents import AgentItem
from loopwright.checkpoint import Checkpoints
from loopwright.record import SCHEMA_VERSION, BlobStore, Journal, Limits, Payload, RunDir, RunStarted, open_store
from loopwright.trajectory.clock import now
from loopwright.trajectory.finishing import finish, live_store
from loopwright.trajectory.recorder import Recorder
from loopwright.trajectory.state import RunState

if TYPE_CHECKING:  # run as a script: its own folder is on the path, the one above is not
    from benchmarks.report import exit_code, report
else:
    from report import exit_code, report

_BAR_MS = 5.0
_UPSTREAM_MS = {10: 80.0, 1000: 398.0}
"""A changed part at those positions of a run, measured elsewhere on a workspace like this one."""


def _text(rng: random.Random, size: int) -> str:
    return rng.randbytes(size // 2).hex()


def _first(rundir: RunDir, checkpoints: Checkpoints) -> RunStarted:
    return RunStarted(
        schema_version=SCHEMA_VERSION,
        trajectory_id=rundir.id,
        session_id="bench",
        started_at=now(),
        agent="bench",
        agent_version="",
        agent_model="bench",
        model="bench",
        scripted=True,
        task="bench",
        task_path="",
        task_digest="",
        instruction=Payload(value="bench"),
        sandbox="none",
        isolation="none",
        limits=Limits(),
        suites={},
        store="",
        artifacts={},
        initial_commit=checkpoints.head,
        initial_tree=checkpoints.tree,
    )


def _item(rng: random.Random, number: int) -> AgentItem:
    size = 20_000 if number % 10 == 0 else 3_000
    return AgentItem(
        "tool_result",
        "bench",
        f"part {number}",
        tool_name="edit_file",
        call_id=f"call-{number}",
        result=_text(rng, size),
        tool_status="completed",
        may_change_files=True,
    )


async def measure(parts: int, folder: Path) -> tuple[list[float], float]:
    """Milliseconds of each part, and seconds of the end (derived files, bundle, last upload)."""
    rng = random.Random(1)
    rundir = RunDir.create(folder / "home", "bench")
    rundir.workspace.mkdir(exist_ok=True)
    for number in range(200):
        path = rundir.workspace / f"src{number % 10}" / f"file{number}.c"
        path.parent.mkdir(exist_ok=True)
        path.write_text(_text(rng, 2000))
    times: list[float] = []
    with Checkpoints.create(rundir.repo, rundir.workspace) as checkpoints, Journal.open(rundir) as journal:
        state = RunState()
        journal.subscribe(lambda _, event: state.apply(event))
        journal.append(_first(rundir, checkpoints))
        recorder = Recorder(journal, state, BlobStore(rundir.blobs_folder), checkpoints, "bench")
        async with live_store(rundir, open_store(str(folder / "store")), print) as shipper:
            for number in range(1, parts + 1):
                if number % 2 == 0:
                    target = rng.randrange(200)
                    (rundir.workspace / f"src{target % 10}" / f"file{target}.c").write_text(_text(rng, 2000))
                item = _item(rng, number)
                begin = time.perf_counter()
                recorder.part(item, 1)
                times.append((time.perf_counter() - begin) * 1000)
                await anyio.sleep(0.002)
            begin = time.perf_counter()
            await finish(rundir, shipper)
            return times, time.perf_counter() - begin


def main() -> None:
    """Print the medians at the beginning and at the end, and what the whole costs for each part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", type=int, default=1000)
    parts = parser.parse_args().parts
    with tempfile.TemporaryDirectory() as folder:
        times, end = anyio.run(measure, parts, Path(folder))
    print(f"recording, 200-file workspace, {parts} parts, every second one changes a file")
    for part, chosen in ((10, times[:20]), (parts, times[-20:])):
        changed, same = statistics.median(chosen[1::2]), statistics.median(chosen[0::2])
        both = statistics.median(chosen)
        print(f"  around part {part:<6} changed {changed:6.2f} ms   unchanged {same:6.2f} ms   all {both:6.2f} ms")
        _report(part, changed)
    total = sum(times) / 1000 + end
    print(f"  end: derived files, bundle and last upload {end:.2f} s; everything {total / parts * 1000:.2f} ms a part")
    print("  upstream, measured elsewhere on the same workspace: 80 ms and 398 ms for a changed part")
    report(name="recording: everything, each part", unit="ms", value=total / parts * 1000, bar=_BAR_MS)
    sys.exit(exit_code())


def _report(part: int, changed: float) -> None:
    name, upstream = f"recording: a part that changed a file, part {part:,}", _UPSTREAM_MS.get(part)
    peer = "upstream, elsewhere" if upstream else ""
    report(name=name, unit="ms", value=changed, bar=_BAR_MS, peer=peer, peer_value=upstream)


if __name__ == "__main__":
    main()
