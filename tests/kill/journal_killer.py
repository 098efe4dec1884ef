"""Kill a writing process at random moments, again and again, and see that nothing acknowledged is lost.

    python journal_killer.py FOLDER ROUNDS SEED

A writer is forked from this process (so that a round costs milliseconds), appends parts of all sizes with payloads and
checkpoints, and reports each sequence number through a pipe after `append` returned. It is killed with SIGKILL at a
random moment; then the journal must hold every reported event, whole. Rounds go on with the same run for a while, so
that repairing and going on are killed too. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import struct
import sys
import time
from pathlib import Path

from loopwright.record import (
    Event,
    Journal,
    PartAdded,
    Payload,
    Progress,
    RunDir,
    TurnStarted,
    read_events,
    verify,
)
from loopwright.record.samples import at, checkpointed, part_added, run_started

_ROUNDS_A_RUN = 40
_NUMBER = struct.Struct("<Q")


def main(folder: Path, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    totals = {"kills": 0, "acknowledged": 0, "lost": 0, "torn": 0, "kept_unacknowledged": 0}
    while totals["kills"] < rounds:
        rundir = RunDir.create(folder, f"run-{totals['kills']}")
        for _ in range(min(_ROUNDS_A_RUN, rounds - totals["kills"])):
            _round(rundir, chance, totals)
        report = verify(rundir)
        # There is no repository in this test; everything else must be in order.
        wrong = [
            problem.what for problem in report.problems if "git" not in problem.what and problem.severity == "error"
        ]
        assert not wrong, wrong[:5]
    print(json.dumps(totals))


def _round(rundir: RunDir, chance: random.Random, totals: dict[str, int]) -> None:
    before = sum(1 for _ in read_events(rundir.journal))
    receiving, reporting = os.pipe()
    seed = chance.random()
    writer = os.fork()
    if writer == 0:
        os.close(receiving)
        _write(rundir, reporting, random.Random(seed))
    os.close(reporting)
    # Most kills fall into the appending, some into the opening and repairing before it. Events are waited for rather
    # than seconds: how many of them a disk takes in a moment differs by far.
    reports = b""
    if chance.random() < 0.8:
        for _ in range(chance.randint(1, 25)):
            reports += os.read(receiving, _NUMBER.size)
    time.sleep(chance.random() * 0.006)
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    last = _last_reported(receiving, reports, before)
    os.close(receiving)
    _check(rundir, before, last, totals)


def _write(rundir: RunDir, reporting: int, chance: random.Random) -> None:
    so_far = Progress()
    for _, event in read_events(rundir.journal):
        so_far.apply(event)
    with Journal.open(rundir, [lambda seq, event: so_far.apply(event)]) as journal:
        while True:
            os.write(reporting, _NUMBER.pack(journal.append(_next(so_far, journal, chance))))


def _next(so_far: Progress, journal: Journal, chance: random.Random) -> Event:
    if so_far.started is None:
        return run_started(journal.rundir.id)
    if so_far.turns == 0:
        return TurnStarted(1, at(0), Payload(value=""), 1)
    part = so_far.parts + 1
    kind = chance.random()
    if kind < 0.1:
        return part_added(part, content=journal.blobs.payload([chance.random()] * 5000))
    event = part_added(part, size=int(chance.paretovariate(0.7) * 100) % 60_000)
    return checkpointed(event, so_far.last_commit) if kind < 0.15 else event


def _last_reported(receiving: int, data: bytes, before: int) -> int:
    while piece := os.read(receiving, 1 << 16):
        data += piece
    whole = len(data) // _NUMBER.size * _NUMBER.size
    return max((number for (number,) in _NUMBER.iter_unpack(data[:whole])), default=before)


def _check(rundir: RunDir, before: int, last: int, totals: dict[str, int]) -> None:
    found = 0
    for seq, event in read_events(rundir.journal):
        assert not isinstance(event, PartAdded) or event.part == seq - 2
        found = seq
    data = rundir.journal.read_bytes() if rundir.journal.exists() else b""
    totals["kills"] += 1
    totals["acknowledged"] += last - before
    totals["lost"] += max(0, last - found)
    totals["kept_unacknowledged"] += max(0, found - last)
    totals["torn"] += bool(data) and not data.endswith(b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
