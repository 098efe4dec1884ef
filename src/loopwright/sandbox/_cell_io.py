"""Watching one program from start to end: output, time limit, number of processes, and how it ended."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import time

from loopwright.sandbox._cell_types import CellError, CellLimits, CellOutcome
from loopwright.sandbox._ending import NotStarted, explain, has_started
from loopwright.sandbox._rlimits import bounded_seconds, first_child, rlimits, set_rlimits, user_limits_hold
from loopwright.sandbox._spawn import HeadTail, read_ready, signal_pidfd

__all__ = ["Watch", "count_tasks"]

_TICK = 0.03
_LAST_WORDS = 5.0


def count_tasks(pid: int, most: int) -> int:
    """Count the tasks of a process and of all its descendants; stops counting above `most`."""
    total, queue = 0, [pid]
    while queue and total <= most:
        folder = f"/proc/{queue.pop()}/task"
        try:
            for task in os.listdir(folder):  # noqa: PTH208
                total += 1
                with open(f"{folder}/{task}/children") as file:  # noqa: PTH123
                    queue += [int(word) for word in file.read().split()]
        except OSError:
            continue  # it ended while we looked
    return total


class Watch:
    """Follows a started cell; leaving the context kills what is left of it.

    Args:
        pid: bwrap's, or the guard's.
        streams: Read ends of stdout, stderr, status and info pipes.
        gate: Where the cell waits for a line.
    """

    def __init__(
        self, pid: int, streams: tuple[int, int, int, int], gate: int, limits: CellLimits, *, isolated: bool
    ) -> None:
        self._pid = pid
        self._gate = gate
        self._released = False
        self._limits = limits
        self._isolated = isolated
        self._out, self._err = HeadTail(limits.output_bytes), HeadTail(limits.output_bytes)
        self._status, self._info = HeadTail(4096), HeadTail(4096)
        self._sinks = dict(zip(streams, (self._out, self._err, self._status, self._info), strict=True))
        self._main = os.pidfd_open(pid)
        self._inner: int | None = None
        self._inner_pid = 0
        self._code: int | None = None
        self._timed_out = False
        self._crowded = False
        self._poll = select.poll()
        for descriptor in (*streams, self._main):
            self._poll.register(descriptor, select.POLLIN)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._code is None:
                self._kill()
                self._reap()
            self._await_inner()
        finally:
            os.close(self._main)
            if self._inner is not None:
                os.close(self._inner)

    def until_ended(self, began: float) -> None:
        """Collect output until the program ended by itself or was killed at its limits."""
        wall = bounded_seconds(self._limits.wall_seconds)
        deadline = None if wall is None else began + wall
        must_count = self._isolated and self._limits.processes is not None and not user_limits_hold()
        while True:
            now = time.monotonic()
            if deadline is not None and now >= deadline:
                self._timed_out = True
                break
            wait = _TICK if must_count else 3600.0
            if deadline is not None:
                wait = min(wait, deadline - now)
            if self._step(wait):
                break
            if must_count and self._too_many():
                self._crowded = True
                break
        if self._timed_out or self._crowded:
            self._kill()
        self._reap()
        self._await_inner()
        self._drain()

    def _step(self, wait: float) -> bool:
        for descriptor, _ in self._poll.poll(wait * 1000 + 1):
            if descriptor == self._main:
                return True
            self._take(descriptor)
        return False

    def _take(self, descriptor: int) -> None:
        sink = self._sinks.get(descriptor)
        if sink is None:
            return  # read to its end by an earlier step of this round
        for data in read_ready(descriptor):
            if not data:
                self._poll.unregister(descriptor)
                del self._sinks[descriptor]
                break
            sink.add(data)
        if sink is self._info and self._inner is None:
            self._find_inner()
        if sink is self._status and not self._released and has_started(sink.value()):
            self._release()

    def _find_inner(self) -> None:
        found = re.search(rb'"child-pid": (\d+)', self._info.value())
        if found and self._isolated:
            self._inner_pid = int(found[1])
            try:
                self._inner = os.pidfd_open(self._inner_pid)
            except ProcessLookupError:
                self._inner = None  # it is over already

    def _release(self) -> None:
        """Set the limits of the process at the gate, and open it."""
        self._released = True
        if self._isolated:
            self._drain_info()
            waiting = first_child(self._inner_pid)
            if waiting is None:
                return  # it was killed
            limits = self._limits
            with contextlib.suppress(ProcessLookupError):
                set_rlimits(
                    waiting,
                    rlimits(
                        cpu_seconds=limits.cpu_seconds,
                        memory_bytes=limits.memory_bytes,
                        file_bytes=limits.file_bytes,
                        processes=limits.processes,
                    ),
                )
        with contextlib.suppress(BrokenPipeError):
            os.write(self._gate, b"\n")

    def _drain_info(self) -> None:
        for descriptor, sink in tuple(self._sinks.items()):
            if sink is self._info:
                self._take(descriptor)

    def _too_many(self) -> bool:
        most = self._limits.processes
        if most is None or not self._inner_pid:
            return False
        # Beside the program's own there are the namespace's init and the reporting shell.
        return count_tasks(self._inner_pid, most + 2) > most + 2

    def _kill(self) -> None:
        if not self._isolated:
            # The guard kills all its descendants, then itself.
            signal_pidfd(self._main, signal.SIGTERM)
            if self._wait_for(self._main, _LAST_WORDS):
                return
        elif self._inner is None:
            # bwrap's child dies with bwrap only once it is under way; its id is told before it is let go.
            self._wait_for(self._main, 1.0, stop=lambda: self._inner is not None)
        signal_pidfd(self._inner)
        signal_pidfd(self._main)

    def _wait_for(self, descriptor: int, seconds: float, stop: object = None) -> bool:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for ready, _ in self._poll.poll(left * 1000 + 1):
                if ready == descriptor:
                    return True
                self._take(ready)
            if callable(stop) and stop():
                return False
        return False

    def _reap(self) -> None:
        _, status = os.waitpid(self._pid, 0)
        self._code = os.waitstatus_to_exitcode(status)

    def _await_inner(self) -> None:
        # The namespace's init is gone only when everything in it is.
        if self._inner is not None:
            signal_pidfd(self._inner)
            waiting = select.poll()
            waiting.register(self._inner, select.POLLIN)
            waiting.poll(_LAST_WORDS * 1000)

    def _drain(self) -> None:
        for descriptor in tuple(self._sinks):
            self._take(descriptor)

    def ending(self, began: float) -> CellOutcome:
        """Say how the program ended.

        Raises:
            CellError: It was never started.
        """
        try:
            code, number = self._code_and_signal()
        except NotStarted as error:
            raise CellError(str(error)) from None
        duration = round((time.monotonic() - began) * 1000)
        out, err = self._out, self._err
        return CellOutcome(code, number, self._timed_out, out.value(), err.value(), out.total, err.total, duration)

    def _code_and_signal(self) -> tuple[int | None, int | None]:
        if self._timed_out:
            return None, None
        if self._crowded:
            return None, int(signal.SIGKILL)
        assert self._code is not None
        return explain(self._code, self._status.value())
