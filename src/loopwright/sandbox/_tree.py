"""A started process tree, seen from an event loop: its streams, its end, and getting rid of it on every path."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import select
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from loopwright.base import MachineError, UsageError
from loopwright.sandbox._cgroup import Cgroup
from loopwright.sandbox._ending import GATE, INFO, OPTIONS, SECCOMP, STDERR, NotStarted, explain, has_started
from loopwright.sandbox._rlimits import first_child, set_rlimits
from loopwright.sandbox._spawn import Files, anonymous_file, read_ready, signal_pidfd, start

__all__ = ["Launch", "TooLong", "Tree", "open_tree"]

_PATIENCE = 10.0
_GUARD_PATIENCE = 12.0


class TooLong(UsageError):
    """The kernel starts no program with arguments of this length."""


@dataclass(frozen=True)
class Launch:
    """What to start, as a backend puts it together.

    Attributes:
        argv: The helper: bwrap, or the guard.
        env: The helper's own environment.
        name: What the helper is called in lists of processes.
        stdin: What the program reads; None for a pipe.
        options: NUL-separated options for `bwrap --args`, out of sight of the host's process list; None for the guard.
        seccomp: The system call filter; empty for none.
        cgroup: Entered by the program (the guard's enters by itself); removed with the tree.
        rlimits: Set on the program (the guard sets its own).
        remedy: What to try when it does not start.
        after: Called when everything is dead, to remove private folders and the like.
    """

    argv: list[str]
    env: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    stdin: bytes | None = b""
    options: bytes | None = None
    seccomp: bytes = b""
    cgroup: Cgroup | None = None
    rlimits: dict[int, int] = field(default_factory=dict)
    remedy: str = ""
    after: Callable[[], None] = lambda: None


class Tree:
    """A helper, the program it runs, and all that the program starts."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._files = Files()
        self._words = b""
        self._inner: int | None = None
        self._code: int | None = None
        self._one_waiter = anyio.Lock()
        self.inner_pid = 0
        self.is_open = True
        try:
            self._start()
        except BaseException:
            self._files.close()
            raise

    def _start(self) -> None:
        files, launch = self._files, self._launch
        self.stdout, out_end = files.pipe()
        self.stderr, err_end = files.pipe()
        self._status, status_end = files.pipe()
        self._info, info_end = files.pipe()
        gate_end, self._gate = files.gate()
        given = {1: out_end, 2: status_end, STDERR: err_end, INFO: info_end, GATE: gate_end}
        self.stdin = -1
        if launch.stdin is None:
            given[0], self.stdin = os.pipe()
            os.set_blocking(self.stdin, False)
            files.own(given[0])
            files.own(self.stdin)
        else:
            given[0] = files.own(anonymous_file(launch.stdin))
        if launch.options is not None:
            given[OPTIONS] = files.own(anonymous_file(launch.options))
        if launch.seccomp:
            given[SECCOMP] = files.own(anonymous_file(launch.seccomp))
        try:
            self.pid = start(launch.argv, launch.env, given, name=launch.name)
        except OSError as error:
            if error.errno == errno.E2BIG:
                raise TooLong("The arguments are too long for this machine.", where="argv") from error
            raise MachineError(
                f"{launch.argv[0]} cannot be started: {error.strerror}.", remedy=launch.remedy
            ) from error
        self._main = files.own(os.pidfd_open(self.pid))
        files.close(*given.values())

    async def started(self) -> None:
        """Wait until the program itself is about to run.

        Raises:
            MachineError: The helper failed before that.
        """
        while not has_started(self._words):
            await anyio.wait_readable(self._status)
            if self._hear():
                break
        self._find_inner()
        if not has_started(self._words):
            await self.ended()
            self.ending()
        self._release()

    def _release(self) -> None:
        """Limit the process that waits at the gate, and open it."""
        try:
            if self._launch.options is not None:
                waiting = first_child(self.inner_pid)
                if waiting is None:
                    return  # it was killed
                if self._launch.cgroup is not None:
                    self._launch.cgroup.add(waiting)
                set_rlimits(waiting, self._launch.rlimits)
            os.write(self._gate, b"\n")
        except (ProcessLookupError, BrokenPipeError):
            return  # the same; its end will be seen
        except OSError as error:
            raise MachineError(f"The limits of the sandbox could not be set: {error.strerror}.") from error

    def _hear(self) -> bool:
        """Take what the helper reports; True at its end."""
        for data in read_ready(self._status, 1 << 16):
            if not data:
                return True
            if len(self._words) < 1 << 16:
                self._words += data
        return False

    def _find_inner(self) -> None:
        if self._inner is not None or self._launch.options is None:
            return
        data = b"".join(read_ready(self._info, 1 << 16))
        if found := re.search(rb'"child-pid": (\d+)', data):
            self.inner_pid = int(found[1])
            try:
                self._inner = self._files.own(os.pidfd_open(self.inner_pid))
            except ProcessLookupError:
                return  # it is over already

    async def ended(self) -> None:
        """Wait until the program has ended, by itself or killed. What it started may still run."""
        async with self._one_waiter:
            if self._code is None:
                await anyio.wait_readable(self._main)
                self._reap()

    def _reap(self) -> None:
        _, status = os.waitpid(self.pid, 0)
        self._code = os.waitstatus_to_exitcode(status)
        self._hear()

    def ending(self) -> tuple[int | None, int | None]:
        """Exit code and signal, one of which is None; only after `ended`.

        Raises:
            MachineError: The program never ran.
        """
        assert self._code is not None
        try:
            return explain(self._code, self._words)
        except NotStarted as error:
            raise MachineError(f"The sandbox did not start: {error}.", remedy=self._launch.remedy or None) from None

    def kill(self) -> None:
        """SIGKILL everything, at once where there is a namespace; the guard takes a moment."""
        if self._code is not None:
            signal_pidfd(self._inner)
            return
        if self._launch.options is None:
            signal_pidfd(self._main, signal.SIGTERM)
            return
        if self._inner is None:
            # bwrap's child is tied to bwrap's life only once it is under way; its id is told before it is let go.
            waiting = select.poll()
            waiting.register(self._info, select.POLLIN)
            waiting.register(self._main, select.POLLIN)
            waiting.poll(1000)
            self._find_inner()
        signal_pidfd(self._inner)
        signal_pidfd(self._main)

    def close_stdin(self) -> None:
        """Tell the program that there is no more input."""
        if self.stdin >= 0:
            self._files.close(self.stdin)
            self.stdin = -1

    def interrupt(self) -> None:
        """SIGINT to the program."""
        program = first_child(self.inner_pid or self.pid)
        if program is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(program, signal.SIGINT)

    async def dead(self) -> None:
        """Kill, and wait until nothing of the tree is alive."""
        self.kill()
        with anyio.move_on_after(_GUARD_PATIENCE):
            await self.ended()
        if self._code is None:
            signal_pidfd(self._main)
            await self.ended()
        if self._inner is not None:
            # A namespace's init is gone only when everything in the namespace is.
            signal_pidfd(self._inner)
            with anyio.move_on_after(_PATIENCE):
                await anyio.wait_readable(self._inner)

    async def close(self) -> None:
        """Leave nothing: no process, no descriptor, no group, no private folder."""
        try:
            await self.dead()
            await _remove(self._launch.cgroup)
        finally:
            self.is_open = False
            self._files.close()
            self._launch.after()


async def _remove(cgroup: Cgroup | None) -> None:
    for _ in range(500):
        if cgroup is None or cgroup.try_remove():
            return
        cgroup.kill()
        await anyio.sleep(0.004)


@asynccontextmanager
async def open_tree(launch: Launch) -> AsyncIterator[Tree]:
    """Start a tree and wait until its program runs; afterwards nothing of it is left, whatever happened.

    Raises:
        MachineError: It did not start.
    """
    try:
        tree = Tree(launch)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await _remove(launch.cgroup)
        launch.after()
        raise
    try:
        await tree.started()
        yield tree
    finally:
        with anyio.CancelScope(shield=True):
            await tree.close()
