"""Making a damaged journal usable again, without ever deleting what cannot be read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from msgspec import Struct, structs

from loopwright.base import MachineError
from loopwright.record._cut import check_not_cut_back, parts_lost, was_salvaged
from loopwright.record._disk import disk_error, sync_folder
from loopwright.record._lock import lock_run
from loopwright.record._scan import JournalDamage, scan
from loopwright.record.folding import Fold
from loopwright.record.progress import Progress
from loopwright.record.projections import write_all
from loopwright.record.reader import read_events
from loopwright.record.rundir import RunDir

__all__ = ["RecoverReport", "recover"]


class RecoverReport(Struct, frozen=True):
    """What was done to a journal.

    `kept_events` are in the journal now. `torn_bytes` were cut off its end: an event that was never acknowledged.
    Where it was damaged before its end, `aside` is the copy of the whole file as it was, and `aside_events` counts
    the lines from the damage on, which are only there. `rebuilt` says whether derived files were written again.
    """

    kept_events: int
    torn_bytes: int = 0
    aside: Path | None = None
    aside_events: int = 0
    damage: str = ""
    rebuilt: bool = False


def recover(rundir: RunDir, salvage: bool = False) -> RecoverReport:
    """Repair the journal of a run that nobody works on, and write the derived files again where there were some.

    An unfinished last line is cut off. Damage before the end needs `salvage`: the file is first copied to
    `journal.damaged-<n>.jsonl`, then the journal is cut to its longest valid beginning. With `salvage`, a journal
    that lacks whole events at its end (checkpoints or summary know of later parts) is copied too, with the
    `agent_trace.json` that may have them, and may be resumed then.

    Raises:
        JournalDamage: The journal is damaged before its end and `salvage` was not given; nothing was changed.
        UsageError: A process works on the run, or its journal lacks parts at the end and `salvage` was not given.
        MachineError: The disk cannot be written.
    """
    lock = lock_run(rundir)
    try:
        report = _repair(rundir, salvage)
        return _rebuild(rundir, report)
    except OSError as error:
        raise disk_error(error, "recover the run", rundir.path) from error
    finally:
        os.close(lock)


def _repair(rundir: RunDir, salvage: bool) -> RecoverReport:
    try:
        state = scan(rundir.journal)
        _decodes(rundir.journal)
    except JournalDamage as damage:
        if not salvage:
            raise
        return _salvage(rundir, damage)
    progress = _progress(rundir)
    if salvage and (lost := parts_lost(rundir, progress.parts)) and not was_salvaged(rundir):
        return _accept(rundir, lost)
    check_not_cut_back(rundir, progress)  # the derived files may be the last that know of the missing parts
    if state.torn_bytes:
        _cut(rundir, state.good_bytes)
    return RecoverReport(kept_events=state.events, torn_bytes=state.torn_bytes)


def _decodes(journal: Path) -> None:
    for _ in read_events(journal):
        pass


def _progress(rundir: RunDir) -> Progress:
    state = Progress()
    for _, event in read_events(rundir.journal):
        state.apply(event)
    return state


def _accept(rundir: RunDir, lost: int) -> RecoverReport:
    """Note that whole events are gone from the end: the copy that is set aside is what `resume` goes by."""
    aside = _copy_aside(rundir)
    if rundir.agent_trace.exists():
        shutil.copyfile(rundir.agent_trace, aside.with_name(f"agent_trace.{aside.name.split('.')[1]}.json"))
    good = scan(rundir.journal)
    _cut(rundir, good.good_bytes)
    what = f"{lost} parts are missing at the end"
    return RecoverReport(good.events, good.torn_bytes, aside, damage=what)


def _copy_aside(rundir: RunDir) -> Path:
    aside = _free_name(rundir)
    shutil.copyfile(rundir.journal, aside)
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(rundir.path)
    return aside


def _salvage(rundir: RunDir, damage: JournalDamage) -> RecoverReport:
    aside = _copy_aside(rundir)
    with aside.open("rb") as file:
        file.seek(damage.offset)
        lines = sum(1 for _ in file)
    _cut(rundir, damage.offset)
    return RecoverReport(kept_events=damage.line - 1, aside=aside, aside_events=lines, damage=damage.reason)


def _free_name(rundir: RunDir) -> Path:
    number = 1
    while (path := rundir.path / f"journal.damaged-{number}.jsonl").exists():
        number += 1
    return path


def _cut(rundir: RunDir, size: int) -> None:
    with rundir.journal.open("r+b") as file:
        file.truncate(size)
        os.fsync(file.fileno())


def _rebuild(rundir: RunDir, report: RecoverReport) -> RecoverReport:
    derived = (rundir.agent_trace, rundir.parquet, rundir.conversation, rundir.summary)
    if not any(path.exists() for path in derived):
        return report
    state = Fold()
    for _, event in read_events(rundir.journal):
        state.apply(event)
    if state.started is None:
        raise MachineError(
            "Nothing of this journal could be kept, so its derived files were left as they are.",
            where=str(report.aside or rundir.journal),
        )
    write_all(rundir, state.trace())
    return structs.replace(report, rebuilt=True)
