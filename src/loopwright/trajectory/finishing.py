"""Getting a run's record out of this machine: segments while it runs, derived files when it ends."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from loopwright.checkpoint import bundle, bundle_refs
from loopwright.record import RunDir, Shipper, Store, fold, read_events, write_all

__all__ = ["finish", "live_store"]


@asynccontextmanager
async def live_store(rundir: RunDir, store: Store, notice: Callable[[str], None]) -> AsyncIterator[Shipper | None]:
    """Ship new events, blobs and commits to the store while the context is open; `notice` hears of trouble.

    Where the store is the home that the run lies in, there is nothing to ship.
    """
    if store.uri(f"trajectories/{rundir.id}") == rundir.path.as_uri():
        yield None
        return
    shipped: set[str] = set()

    def new_commits(target: Path) -> Path | None:
        if not bundle(rundir.repo, target, since=shipped):
            return None
        shipped.update(bundle_refs(target).values())
        return target

    async with Shipper(rundir, store, new_commits, notice) as shipper:
        yield shipper


async def finish(rundir: RunDir, shipper: Shipper | None) -> None:
    """Write the derived files from the journal, and ship what is left; harmless to repeat.

    The agent's /tmp is removed; its workspace stays.

    Raises:
        MachineError: The disk is full, or the store fails for good. The journal is whole all the same.
    """
    await anyio.to_thread.run_sync(_derive, rundir)
    if shipper is not None:
        await shipper.finish()


def _derive(rundir: RunDir) -> None:
    shutil.rmtree(rundir.scratch, ignore_errors=True)
    # The bundle first: whoever sees the other files can count on it.
    bundle(rundir.repo, rundir.bundle)
    write_all(rundir, fold(event for _, event in read_events(rundir.journal)))
