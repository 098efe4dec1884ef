"""Bringing a running trajectory into a store, so that a reader there is never more than two seconds behind.

The journal goes as immutable segments, `journal/<first sequence number, 12 digits>.jsonl`, each a run of whole lines.
What a segment names is in the store before it: blobs, and bundles with its commits. So whatever prefix of the segments
is there when this machine dies is a complete record up to that point.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from loopwright.base import LoopwrightError, MachineError, UsageError
from loopwright.record._fetch import fetch
from loopwright.record._segments import Segment, next_segment
from loopwright.record._shipped import Shipped, already_shipped
from loopwright.record.rundir import RunDir
from loopwright.record.stores import Store, run_key

__all__ = ["Shipper", "fetch"]

# A lone event is shipped at once; a stream of them makes at most one segment in 0.8 s.
_LOOK_SECONDS = 0.2
_GATHER_SECONDS = 0.8
_BACKOFF_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_FINISH_ATTEMPTS = 5

Bundle = Callable[[Path], Path | None]
"""Given a target path, write a git bundle of what is new since last time there and return it, or None for nothing."""


class Shipper:
    """Ships one run; use it in `async with`, then call `finish` when the run has ended.

    Errors of the store never reach the run: they are told to `notice`, once per failing spell and once when it works
    again, and tried again. After a restart it goes on from what the store has.

    Args:
        rundir: The run.
        store: Where to; `store.check()` was done.
        bundle: Makes the incremental bundles; called from a worker thread, never twice at once.
        notice: Told of trouble in one sentence, on the event loop.
    """

    def __init__(
        self, rundir: RunDir, store: Store, bundle: Bundle, notice: Callable[[str], None] = lambda text: None
    ) -> None:
        self._rundir = rundir
        self._store = store
        self._bundle = bundle
        self._notice = notice
        self._shipped: Shipped | None = None
        self._busy = anyio.Lock()
        self._group: TaskGroup | None = None
        self._failing = False
        self._bundle_due = True
        self._bundle_failing = False

    @property
    def shipped_seq(self) -> int:
        """The last event that is in the store for certain."""
        return self._shipped.seq if self._shipped else 0

    async def __aenter__(self) -> Shipper:
        """Find out what the store has, and start.

        Raises:
            UsageError: The store has another run with this id.
        """
        try:
            await self._learn()
        except UsageError:
            raise
        except LoopwrightError as error:
            self._trouble(error)
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._group.start_soon(self._run)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        group, self._group = self._group, None
        if group is None:
            return None
        group.cancel_scope.cancel()
        if isinstance(error, anyio.get_cancelled_exc_class()):
            return await group.__aexit__(kind, error, trace)
        # An error of the run stays as it is, instead of becoming a group of one.
        await group.__aexit__(None, None, None)
        return None

    async def finish(self) -> None:
        """Ship the rest, then the derived files that exist.

        Raises:
            MachineError: The store still failed after several tries; what was not shipped is in the run's folder.
        """
        for attempt in range(_FINISH_ATTEMPTS):
            try:
                await self._ship()
                await self._ship_derived()
                return
            except MachineError as error:
                failed = error
                self._trouble(error)
            if attempt + 1 < _FINISH_ATTEMPTS:
                await anyio.sleep(_BACKOFF_SECONDS[attempt])
        raise MachineError(
            f"The end of the run could not be brought into the store: {failed.what}",
            where=self._store.uri(run_key(self._rundir.id)),
            remedy=f"Everything is in {self._rundir.path}; `loopwright resume {self._rundir.id}` tries again.",
        ) from failed

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                wait = _GATHER_SECONDS if await self._ship() else _LOOK_SECONDS
                failures = 0
            except UsageError as error:
                # Another run's record is under our id: writing on would destroy it.
                self._notice(f"Nothing is brought into the store any more: {error}")
                return
            except Exception as error:  # noqa: BLE001 - a run of hours must not die of its copying; `finish` does raise
                self._trouble(error)
                wait = _BACKOFF_SECONDS[min(failures, len(_BACKOFF_SECONDS) - 1)]
                failures += 1
            await anyio.sleep(wait)

    async def _learn(self) -> Shipped:
        if self._shipped is None:
            self._shipped = await anyio.to_thread.run_sync(already_shipped, self._rundir, self._store)
        return self._shipped

    async def _ship(self) -> bool:
        async with self._busy:
            shipped = await self._learn()
            before = shipped.seq
            while (segment := next_segment(self._rundir.journal, shipped)) is not None:
                self._bundle_due |= segment.commits
                if self._bundle_due:
                    await self._ship_bundle(shipped)
                await self._in_thread(self._ship_segment, shipped, segment)
            if self._failing:
                self._failing = False
                self._notice("The store works again.")
            return shipped.seq > before

    async def _ship_bundle(self, shipped: Shipped) -> None:
        try:
            await self._in_thread(self._make_bundle, shipped)
            self._bundle_due = self._bundle_failing = False
        except Exception as error:  # noqa: BLE001 - another package's callable: its failure must not end the run
            # The code comes later then; the journal must not wait for it.
            if not self._bundle_failing:
                self._bundle_failing = True
                self._notice(f"Checkpoints cannot be bundled for the store, trying again: {error}")
        await self._in_thread(self._send_bundles, shipped)

    async def _in_thread(self, work: Callable[..., None], *args: object) -> None:
        # Never abandoned: a put that lands after a later one would replace it.
        await anyio.to_thread.run_sync(lambda: work(*args))

    def _make_bundle(self, shipped: Shipped) -> None:
        folder = self._rundir.bundles_folder
        folder.mkdir(exist_ok=True)
        made = self._bundle(folder / ".partial")
        if made is not None:
            made.replace(folder / f"{shipped.next_bundle:06d}.bundle")
            shipped.next_bundle += 1

    def _send_bundles(self, shipped: Shipped) -> None:
        for path in sorted(self._rundir.bundles_folder.glob("*.bundle")):
            if path.name not in shipped.bundles:
                self._store.put_file(run_key(self._rundir.id, f"bundles/{path.name}"), path)
                shipped.bundles.add(path.name)
            path.unlink()

    def _ship_segment(self, shipped: Shipped, segment: Segment) -> None:
        for digest in segment.blobs:
            path = self._rundir.blobs_folder / digest[:2] / digest
            if digest not in shipped.blobs and path.exists():
                self._store.put_file(run_key(self._rundir.id, f"blobs/{digest[:2]}/{digest}"), path)
                shipped.blobs.add(digest)
        self._store.put(run_key(self._rundir.id, f"journal/{segment.first_seq:012d}.jsonl"), segment.data)
        shipped.seq = segment.last_seq
        shipped.offset += len(segment.data)

    async def _ship_derived(self) -> None:
        rundir = self._rundir
        files = (rundir.bundle, rundir.agent_trace, rundir.parquet, rundir.conversation, rundir.summary)
        async with self._busy:
            for path in files:
                if path.exists():
                    await self._in_thread(self._store.put_file, run_key(rundir.id, path.name), path)

    def _trouble(self, error: Exception) -> None:
        if not self._failing:
            self._failing = True
            self._notice(f"Not in the store yet, trying again: {error}")
