"""One run of the test runner in a fresh sandbox: start it, read its lines as they come, know how it ended."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

import anyio
import msgspec
from anyio.abc import ByteReceiveStream

from loopwright.harness._listing import Declared
from loopwright.harness._messages import TestDone
from loopwright.harness._places import Places
from loopwright.harness._transcript import SessionEnd, Transcript
from loopwright.harness.tasks import Task
from loopwright.sandbox import Command, Process, ResourceLimits, Sandbox

__all__ = ["Session", "parallel_for"]

_STDERR_TAIL = 2000
_TEARDOWN_SECONDS = 60.0


class Session:
    """One run of the runner.

    Args:
        task: What to run.
        places: Where the runner finds things.
        asked: The tests to run.
        parallel: How many at once.
        on_test: Called with each test's result as it arrives, at most once for each asked test.
    """

    def __init__(
        self,
        task: Task,
        places: Places,
        asked: Sequence[Declared],
        parallel: int,
        on_test: Callable[[TestDone], None],
    ) -> None:
        self._task = task
        self._places = places
        self._asked = asked
        self._parallel = parallel
        self._transcript = Transcript(task.tests, asked, on_test)
        self._stderr = bytearray()
        self._stderr_ended = anyio.Event()

    async def run(self, sandbox: Sandbox) -> SessionEnd:
        """Run the tests in `sandbox`; everything in it is dead when this returns, also when cancelled.

        Raises:
            MachineError: The sandbox cannot be started.
        """
        seconds = self._patience()
        argv = (sys.executable, "-I", "-S", self._places.runner)
        command = Command(argv, cwd="/", limits=self._limits(seconds))
        exit_code: int | None = None
        async with sandbox.spawn(command) as process:
            with anyio.move_on_after(seconds) as scope:
                exit_code = await self._talk(process)
            if scope.cancelled_caught:
                self._transcript.fail(f"the tests did not end within {seconds:.0f} s, although each has its own limit")
        if not self._transcript.over:
            said = self._stderr.decode("utf-8", "replace").strip()
            note = f": {said}" if said else ""
            self._transcript.fail(f"the test runner ended too early, with exit code {exit_code}{note}")
        return self._transcript.end()

    def _patience(self) -> float:
        tests = [test.timeout or self._task.test_seconds for test in self._asked]
        # Each at its limit, with time to start and to be killed, twice: a machine that needs more is broken.
        waves = sum(seconds + 1 for seconds in tests) / self._parallel + max(tests, default=0)
        return 2 * waves + self._task.build_seconds + _TEARDOWN_SECONDS + 60

    def _limits(self, seconds: float) -> ResourceLimits:
        # One tree for all: the limits of one test are those of its cells.
        memory_mb = max(self._parallel * self._task.memory_mb, self._task.build_memory_mb)
        return ResourceLimits(
            wall_seconds=seconds + 30,
            memory_bytes=(memory_mb << 20) + (1 << 30),
            processes=max(self._parallel * (self._task.processes + 16), 512) + 64,
            file_bytes=None,
        )

    def _request(self) -> bytes:
        return msgspec.json.encode(
            {
                "mode": "grade",
                "environment": self._places.environment,
                "workspace": self._places.workspace,
                "cases": self._places.cases,
                "hidden": self._places.hidden,
                "isolated": self._places.isolated,
                "tests": [test.id for test in self._asked],
                "parallel": self._parallel,
                "build_seconds": self._task.build_seconds,
                "test_seconds": self._task.test_seconds,
                "memory_mb": self._task.memory_mb,
                "build_memory_mb": self._task.build_memory_mb,
                "processes": self._task.processes,
                "output_kb": self._task.output_kb,
            }
        )

    async def _talk(self, process: Process) -> int:
        async with anyio.create_task_group() as group:
            group.start_soon(self._keep_stderr, process.stderr)
            with suppress(anyio.BrokenResourceError):  # it ended at once; its exit code says more
                await process.stdin.send(self._request())
            await process.stdin.aclose()
            await self._read(process.stdout)
            if self._transcript.broken:
                process.kill()
            exit_code = await process.wait()
            # Not for long: what environment.py left in the background could keep it open.
            with anyio.move_on_after(0.5):
                await self._stderr_ended.wait()
            group.cancel_scope.cancel()
        return exit_code

    async def _keep_stderr(self, stream: ByteReceiveStream) -> None:
        async for data in stream:
            self._stderr = (self._stderr + data)[-_STDERR_TAIL:]
        self._stderr_ended.set()

    async def _read(self, stream: ByteReceiveStream) -> None:
        async for data in stream:
            self._transcript.feed(data)
            if self._transcript.over:
                return


def parallel_for(task: Task, asked: int) -> int:
    """How many tests run at once: as asked, else as the task says, else one for each core that we may use."""
    return asked or task.parallel or len(os.sched_getaffinity(0))
