"""Whether a journal has lost whole events from its end: checkpoints and summary know how many parts there were."""

from __future__ import annotations

from pathlib import Path

from loopwright.base import UsageError
from loopwright.record._summary import read_summary
from loopwright.record.progress import Progress
from loopwright.record.rundir import RunDir

__all__ = ["check_not_cut_back", "newest_part", "parts_lost", "refs_ahead", "was_salvaged"]

_PREFIX = "refs/parts/"


def check_not_cut_back(rundir: RunDir, state: Progress) -> None:
    """Refuse to go on with a journal that lacks parts that were acknowledged; reads names of refs and the summary.

    Does nothing where `recover --salvage` has set the rest aside: somebody knows then.

    Args:
        rundir: The run.
        state: The fold of its journal.

    Raises:
        UsageError: The repository or the summary knows parts that the journal does not have.
    """
    lost = parts_lost(rundir, state.parts)
    if lost and not was_salvaged(rundir):
        raise UsageError(
            f"The journal ends with part {state.parts}, but there were {state.parts + lost} parts: its end is missing, "
            "and going on would drop them.",
            where=str(rundir.journal),
            remedy="Bring the journal back from the store or a backup; or accept the loss with "
            f"`loopwright recover {rundir.id} --salvage`.",
        )


def parts_lost(rundir: RunDir, parts: int) -> int:
    """How many acknowledged parts the journal lacks as far as refs and summary tell; `parts` is what it has."""
    summary = read_summary(rundir)
    return max(refs_ahead(rundir, parts), summary.parts - parts if summary else 0, 0)


def refs_ahead(rundir: RunDir, parts: int) -> int:
    """How many parts the repository has over the journal's `parts`; 0 where a crash explains the difference.

    A process that died between a checkpoint and its event leaves one ref ahead. More means that events are gone.
    """
    ahead = newest_part(rundir.repo) - parts
    return ahead if ahead > 1 else 0


def was_salvaged(rundir: RunDir) -> bool:
    """Whether the end of the journal was set aside on purpose, after the checkpoints that are there were made."""
    aside = (path.stat().st_mtime_ns for path in rundir.path.glob("journal.damaged-*.jsonl"))
    refs = (path for path in (rundir.repo / "refs" / "parts", rundir.repo / "packed-refs") if path.exists())
    return max(aside, default=-1) >= max((path.stat().st_mtime_ns for path in refs), default=0)


def newest_part(repo: Path) -> int:
    """The highest part that a repository has a ref of, 0 where it has none. Without git: names of files only."""
    loose, packed = repo / "refs" / "parts", repo / "packed-refs"
    names = [path.name for path in loose.iterdir()] if loose.is_dir() else []
    if packed.is_file():
        lines = packed.read_text(errors="replace").splitlines()
        names += [line.partition(_PREFIX)[2] for line in lines if f" {_PREFIX}" in line]
    return max((int(name) for name in names if name.isascii() and name.isdigit()), default=0)
