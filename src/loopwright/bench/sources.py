"""Where a replay takes a trajectory from: a run, a store, or two files; each gives a trace and a repository."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from msgspec import Struct

from loopwright.base import UsageError
from loopwright.checkpoint import unbundle
from loopwright.record import RunDir, Store, Trace, fetch, find_in_store, fold, read_events

__all__ = ["Recorded", "from_files", "from_run", "from_store"]


class Recorded(Struct, frozen=True):
    """A trajectory as recorded: its trace, and a bare repository with the commit of every part."""

    trace: Trace
    repo: Path
    origin: str


@contextmanager
def from_run(rundir: RunDir) -> Iterator[Recorded]:
    """A run of this machine: the bundle where the run has ended, the live repository where it has not.

    Raises:
        UsageError: The journal is damaged, or the bundle lacks a commit that the trace names.
    """
    trace = fold(event for _, event in read_events(rundir.journal))
    if trace.session_end is None or not rundir.bundle.exists():
        yield Recorded(trace, rundir.repo, str(rundir.path))
        return
    with _repository([rundir.bundle]) as repo:
        yield Recorded(trace, repo, str(rundir.bundle))


@contextmanager
def from_store(store: Store, text: str) -> Iterator[Recorded]:
    """A run that only a store knows, whether it has ended or its machine died in the middle.

    `text` is its full id, the beginning of exactly one id, or `latest`.

    Raises:
        UsageError: The store has no such run, or more than one that could be meant.
        MachineError: The store cannot be reached.
    """
    trajectory_id = find_in_store(store, text)
    with TemporaryDirectory(prefix="loopwright-") as home:
        rundir = fetch(store, trajectory_id, Path(home))
        trace = fold(event for _, event in read_events(rundir.journal))
        bundles = [rundir.bundle] if rundir.bundle.exists() else sorted(rundir.bundles_folder.glob("*.bundle"))
        with _repository(bundles) as repo:
            yield Recorded(trace, repo, store.uri(f"trajectories/{trajectory_id}"))


@contextmanager
def from_files(trace: Path, bundle: Path) -> Iterator[Recorded]:
    """An `agent_trace.json` and a `repo.bundle`, wherever they came from.

    Raises:
        UsageError: One of them is missing or not what it should be.
    """
    for path in (trace, bundle):
        if not path.is_file():
            raise UsageError("There is no such file.", where=str(path))
    try:
        decoded = msgspec.json.decode(trace.read_bytes(), type=Trace)
    except msgspec.MsgspecError as error:
        raise UsageError(f"This is not a trace: {error}", where=str(trace)) from error
    with _repository([bundle]) as repo:
        yield Recorded(decoded, repo, str(bundle))


@contextmanager
def _repository(bundles: list[Path]) -> Iterator[Path]:
    with TemporaryDirectory(prefix="loopwright-") as folder:
        repo = Path(folder) / "repo.git"
        unbundle(bundles, repo)
        yield repo
