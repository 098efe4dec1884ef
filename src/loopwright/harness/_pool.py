"""Runs the tests side by side, each in a process of its own, and never waits for one longer than it may take."""

from __future__ import annotations

import math
import select
import time

from loopwright.harness._fork import Child
from loopwright.harness._linux import kill_orphans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Job = tuple[str, Callable[[], Child]]
    Done = Callable[[str, dict[str, Any]], None]

__all__ = ["run_one", "run_pool"]


class _Pool:
    def __init__(self, parallel: int, done: Done) -> None:
        self.parallel = parallel
        self.done = done
        self.poll = select.poll()
        self.running: dict[int, tuple[str, Child]] = {}
        self.owner: dict[int, int] = {}

    def fill(self, jobs: Iterator[Job]) -> None:
        while len(self.running) < self.parallel:
            job = next(jobs, None)
            if job is None:
                return
            name, start = job
            child = start()
            self.running[child.pid] = (name, child)
            for fd in child.files:
                self.poll.register(fd, select.POLLIN)
                self.owner[fd] = child.pid

    def step(self) -> None:
        for fd, event in self.poll.poll(self._patience()):
            pid = self.owner.get(fd)
            if pid is not None:
                self._on_event(pid, fd, event)
        now = time.monotonic()
        for _, child in self.running.values():
            if now >= child.deadline and not child.timed_out:
                child.timed_out = True
                child.kill()

    def _patience(self) -> int:
        waiting = [child.deadline for _, child in self.running.values() if not child.timed_out]
        if not waiting:
            return 1000
        return max(math.ceil((min(waiting) - time.monotonic()) * 1000), 0)

    def _on_event(self, pid: int, fd: int, event: int) -> None:
        name, child = self.running[pid]
        ended = child.on_ready(fd)
        if ended:
            self._finish(pid, name, child)
        elif not event & select.POLLIN:  # hung up and empty: polling on would spin
            del self.owner[fd]
            child.close_file(fd, self.poll)

    def _finish(self, pid: int, name: str, child: Child) -> None:
        for fd in child.files:
            del self.owner[fd]
        result = child.finish(self.poll)
        del self.running[pid]
        kill_orphans(set(self.running))
        _remove(child.folder)
        self.done(name, result)


def run_pool(jobs: Iterator[Job], parallel: int, done: Done) -> None:
    """Start the children that `jobs` makes, at most `parallel` at once; call `done` as each ends."""
    pool = _Pool(parallel, done)
    pool.fill(jobs)
    while pool.running:
        pool.step()
        pool.fill(jobs)


def run_one(start: Callable[[], Child]) -> dict[str, Any]:
    """Run a single child (setup, teardown) to its end and give its result."""
    results: list[dict[str, Any]] = []
    run_pool(iter([("", start)]), 1, lambda _, result: results.append(result))
    return results[0]


def _remove(folder: str) -> None:
    import shutil

    # What cannot be removed (a submission may leave odd modes behind) goes with the sandbox.
    shutil.rmtree(folder, ignore_errors=True)
