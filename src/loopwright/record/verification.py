"""Checking a run's record against itself: journal, payloads, checkpoints, derived files."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from loopwright.record._lock import writer_of
from loopwright.record._problem import Problem
from loopwright.record._scan import JournalDamage, torn_bytes
from loopwright.record._verify_blobs import BlobCheck
from loopwright.record._verify_derived import check_derived
from loopwright.record._verify_git import check_repository
from loopwright.record._verify_order import OrderCheck
from loopwright.record.folding import Fold
from loopwright.record.reader import read_events
from loopwright.record.rundir import RunDir

__all__ = ["Problem", "VerifyReport", "verify"]


class VerifyReport(Struct, frozen=True):
    """What was checked and what is wrong; `ok` is true where nothing is (warnings aside)."""

    trajectory_id: str
    events: int
    parts: int
    blobs: int
    commits: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether no problem is an error."""
        return not any(problem.severity == "error" for problem in self.problems)


def verify(rundir: RunDir) -> VerifyReport:
    """Check everything that a run recorded; changes nothing, and works while the run goes on.

    The journal's numbers, checksums and events; that parts and turns are consecutive; that every payload is there and
    hashes right; that every checkpoint is in the repository with its tree and its ref; that the derived files agree.

    Raises:
        MachineError: `git` is missing, or the folder cannot be read.
    """
    state, order, blobs = Fold(), OrderCheck(rundir), BlobCheck(rundir)
    problems: list[Problem] = []
    events = 0
    try:
        for seq, event in read_events(rundir.journal):
            events = seq
            state.apply(event)
            problems += order.apply(seq, event)
            problems += blobs.apply(seq, event)
        problems += _torn(rundir)
        damaged = False
    except JournalDamage as damage:
        damaged = True
        problems.append(Problem(f"{rundir.journal}:{damage.line}", damage.what, damage.remedy or ""))
    if not damaged:
        problems += _beginning(rundir, events, state)
    commits, found = check_repository(rundir, state)
    problems += found
    if not damaged:  # the derived files would only repeat that events are missing
        problems += check_derived(rundir, state)
    return VerifyReport(rundir.id, events, state.parts, blobs.count, commits, tuple(problems))


def _torn(rundir: RunDir) -> Iterator[Problem]:
    torn = torn_bytes(rundir.journal) if rundir.journal.exists() else 0
    if torn and writer_of(rundir) is None:
        yield Problem(
            str(rundir.journal),
            f"The last {torn} bytes are an event that was never acknowledged.",
            f"Nothing is lost; `loopwright resume {rundir.id}` or `loopwright recover {rundir.id}` cuts them off.",
            "warning",
        )


def _beginning(rundir: RunDir, events: int, state: Fold) -> Iterator[Problem]:
    if not events and writer_of(rundir) is not None:
        yield Problem(str(rundir.journal), "The run is just beginning: nothing is recorded yet.", "", "warning")
    elif not events:
        what = f"The run {rundir.id} had not begun when its process ended."
        yield Problem(str(rundir.journal), what, "Start it again: loopwright run")
    elif state.started is None:
        yield Problem(str(rundir.journal), "The journal does not begin with `run_started`.", "It is not a run of ours.")
    elif state.started.trajectory_id != rundir.id:
        yield Problem(
            str(rundir.journal),
            f"The journal is of the run {state.started.trajectory_id!r}.",
            "Rename the folder to that id.",
        )
