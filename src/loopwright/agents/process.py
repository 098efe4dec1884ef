"""An agent's program as it runs: its lines, its last words, and how it ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import anyio
from anyio.abc import TaskGroup, TaskStatus

from loopwright.agents.launching import Place, agent_limits
from loopwright.agents.lines import lines
from loopwright.base import LoopwrightError, one_line
from loopwright.sandbox import Command, Process

__all__ = ["AgentProcess"]

OnLine = Callable[[bytes], Awaitable[None]]
_TAIL_LINES = 20
_LINE_BYTES = 1 << 14
_EXIT_SECONDS = 5.0
_QUIET_SECONDS = 0.2


class AgentProcess:
    """One program in its sandbox, looked after by a task of its own; start it with `start`.

    Attributes:
        ended: Set when the program is gone and everything it printed was passed on.
        exit_code: As a shell gives it (128 + N for signal N); None while it runs, or where it had to be killed.
        cut_bytes: How much of lines that were too long was dropped.
    """

    def __init__(self, on_line: OnLine, on_end: Callable[[], None]) -> None:
        self.ended = anyio.Event()
        self.exit_code: int | None = None
        self.cut_bytes = 0
        self._on_line = on_line
        self._on_end = on_end
        self._process: Process | None = None
        self._last_words: list[str] = []
        self._lines = 0
        self._silent = anyio.Event()

    @classmethod
    async def start(
        cls,
        tasks: TaskGroup,
        place: Place,
        argv: tuple[str, ...],
        *,
        env: Mapping[str, str] | None = None,
        on_line: OnLine,
        on_end: Callable[[], None] = lambda: None,
    ) -> AgentProcess:
        """Start `argv` in the workspace; `on_line` gets each line of its standard output, `on_end` is called once.

        Raises:
            MachineError: The sandbox could not be started.
        """
        process = cls(on_line, on_end)
        await tasks.start(process._run, place, Command(argv, env=dict(env or {}), limits=agent_limits()))
        return process

    @property
    def alive(self) -> bool:
        """Whether it still runs, as far as is known."""
        return not self.ended.is_set()

    async def send(self, data: bytes) -> None:
        """Write to its standard input.

        Raises:
            anyio.BrokenResourceError: It reads no more, or it is gone.
        """
        if self._process is None or not self.alive:
            raise anyio.BrokenResourceError
        try:
            await self._process.stdin.send(data)
        except anyio.ClosedResourceError:
            raise anyio.BrokenResourceError from None

    async def close_stdin(self) -> None:
        """Tell it that there is nothing more to read."""
        if self._process is not None and self.alive:
            await self._process.stdin.aclose()

    def interrupt(self) -> None:
        """Send it SIGINT."""
        if self._process is not None and self.alive:
            self._process.interrupt()

    async def close(self, grace: float = 0.0) -> None:
        """End its whole tree, after up to `grace` seconds in which it may end by itself; returns when it is gone."""
        with anyio.CancelScope(shield=True):
            if grace and self.alive:
                with anyio.move_on_after(grace):
                    await self.ended.wait()
            if self._process is not None and self.alive:
                self._process.kill()
            await self.ended.wait()

    def how_it_ended(self) -> str:
        """Exit code or signal, and the last thing it said to standard error."""
        code = self.exit_code
        if code is None:
            how = "was killed"
        elif code > 128:
            how = f"ended by signal {code - 128}"
        else:
            how = f"ended with exit code {code}"
        return f"{how}: {one_line(' '.join(self._last_words[-3:]), 300)}" if self._last_words else how

    async def _run(self, place: Place, command: Command, *, task_status: TaskStatus[None]) -> None:
        started = False
        try:
            async with place.sandbox.spawn(command) as process:
                self._process = process
                started = True
                task_status.started()
                await self._follow(process)
        except LoopwrightError as error:
            if not started:
                raise
            self._last_words.append(str(error))  # the sandbox could not say how it ended; the tree is dead
        finally:
            self.ended.set()
            self._on_end()

    async def _follow(self, process: Process) -> None:
        """Pass on what it prints until it is gone.

        The end of its output alone says nothing: a program that it started may hold the pipe open for long after.
        """
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._hear_errors, process)
            tasks.start_soon(self._hear, process)
            self.exit_code = await process.wait()
            heard = -1
            with anyio.move_on_after(_EXIT_SECONDS):
                while heard != self._lines and not self._silent.is_set():
                    heard = self._lines
                    with anyio.move_on_after(_QUIET_SECONDS):
                        await self._silent.wait()
            await anyio.sleep(0.02)  # its last words may lie in the pipe
            tasks.cancel_scope.cancel()

    async def _hear(self, process: Process) -> None:
        async for line in lines(process.stdout, on_cut=self._cut):
            self._lines += 1
            await self._on_line(line)
        self._silent.set()

    async def _hear_errors(self, process: Process) -> None:
        async for line in lines(process.stderr, _LINE_BYTES):
            self._last_words = [*self._last_words[-_TAIL_LINES:], line.decode("utf-8", "replace")]

    def _cut(self, dropped: int) -> None:
        self.cut_bytes += dropped
