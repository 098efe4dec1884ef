"""Terminals for an ACP agent: commands in the sandbox, whose output it can look at while they run."""

from __future__ import annotations

from collections.abc import Mapping

import anyio
from anyio.abc import TaskGroup

from loopwright.base import LoopwrightError, UsageError
from loopwright.sandbox import Command, Outcome, ResourceLimits, Sandbox

__all__ = ["Terminal", "Terminals"]

_MOST_BYTES = 4 << 20
_MOST_TERMINALS = 64
_LIMITS = ResourceLimits(wall_seconds=None, output_bytes=1 << 16)


class Terminal:
    """One command.

    Attributes:
        ended: Set when it and everything it started is gone.
        truncated: Whether the beginning of its output was dropped.
    """

    def __init__(self, most_bytes: int) -> None:
        self.ended = anyio.Event()
        self.truncated = False
        self._most = most_bytes
        self._output = bytearray()
        self._scope = anyio.CancelScope()
        self._outcome: Outcome | None = None

    @property
    def output(self) -> str:
        """The newest of what it printed."""
        data = bytes(self._output[-self._most :])
        if self.truncated:  # not in the middle of a character
            data = data.lstrip(bytes(range(0x80, 0xC0))) if len(data) > 4 else data
        return data.decode("utf-8", "replace")

    @property
    def exit_code(self) -> int | None:
        """Its exit code; None where it runs, or a signal ended it."""
        return self._outcome.exit_code if self._outcome else None

    @property
    def signal(self) -> str | None:
        """What ended it, if it was no exit: a signal's number, or `KILL` where it was killed by us."""
        if self._outcome is None:
            return "KILL" if self.ended.is_set() else None
        return None if self._outcome.signal is None else str(self._outcome.signal)

    def kill(self) -> None:
        """End it, with everything it started."""
        self._scope.cancel()

    async def run(self, sandbox: Sandbox, command: Command) -> None:
        """Run it to its end."""
        try:
            with self._scope:
                self._outcome = await sandbox.run(command, self._take)
        except LoopwrightError as error:
            self._take(f"{error}\n".encode())
        finally:
            self.ended.set()

    def _take(self, data: bytes) -> None:
        self._output += data
        if len(self._output) > self._most:
            self.truncated = True
            if len(self._output) > 2 * self._most + 4096:
                del self._output[: -self._most]


class Terminals:
    """All terminals of one agent. They end with the tasks in `tasks`."""

    def __init__(self, sandbox: Sandbox, tasks: TaskGroup) -> None:
        self._sandbox, self._tasks = sandbox, tasks
        self._known: dict[str, Terminal] = {}
        self._made = 0

    def create(
        self, command: str, args: list[str], env: Mapping[str, str], cwd: str | None, most_bytes: int | None
    ) -> str:
        """Start a command and give its terminal's id. A command line without arguments is given to a shell.

        Raises:
            UsageError: Too many run, or a word cannot be an argument.
        """
        if sum(not one.ended.is_set() for one in self._known.values()) >= _MOST_TERMINALS:
            raise UsageError(f"{_MOST_TERMINALS} terminals run already")
        if any("\0" in word for word in (command, *args, *env, *env.values(), cwd or "")):
            raise UsageError("words of a command cannot hold a NUL byte")
        argv = (command, *args) if args or not set(command) & set(" \t\n;|&<>$`\"'") else ("bash", "-c", command)
        self._made += 1
        name = f"terminal-{self._made}"
        terminal = self._known[name] = Terminal(min(_MOST_BYTES if most_bytes is None else most_bytes, _MOST_BYTES))
        names = {key: value for key, value in env.items() if key and "=" not in key}
        self._tasks.start_soon(terminal.run, self._sandbox, Command(argv, cwd=cwd, env=names, limits=_LIMITS))
        return name

    def get(self, name: str) -> Terminal:
        """A terminal that was not released.

        Raises:
            UsageError: There is none.
        """
        terminal = self._known.get(name)
        if terminal is None:
            raise UsageError(f"there is no terminal {name!r}")
        return terminal

    def release(self, name: str) -> None:
        """End a command. What it printed can still be read by us, as agents release before they report."""
        self.get(name).kill()

    def printed(self, name: str) -> tuple[str, int | None] | None:
        """What a terminal printed, and its exit code."""
        terminal = self._known.get(name)
        return None if terminal is None else (terminal.output, terminal.exit_code)

    def kill_all(self) -> None:
        """End all commands."""
        for terminal in self._known.values():
            terminal.kill()
