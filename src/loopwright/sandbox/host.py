"""The host backend: no isolation at all, for people who typed `--sandbox host`.

Limits, output caps, the environment and the end of the whole process tree are as in other backends; files, network
and other processes are all within reach. A guard process (`guard.py`) takes the place of the PID namespace.
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from loopwright.base import MachineError, UsageError
from loopwright.sandbox._cell_types import CellLimits
from loopwright.sandbox._cgroup import make_cgroup, support
from loopwright.sandbox._environment import inside_environment, refuse_nul
from loopwright.sandbox._guarded import guard_argv
from loopwright.sandbox._look import home_folder, is_dir, is_socket
from loopwright.sandbox._private import PrivateFolder, remove_abandoned_once
from loopwright.sandbox._running import TreeProcess, collect, open_process
from loopwright.sandbox._tree import Launch
from loopwright.sandbox.paths import host_path, inside_path
from loopwright.sandbox.protocol import Command, Outcome, Relay, SandboxSpec
from loopwright.sandbox.toolchains import find_toolchains

__all__ = ["HostSandbox"]

_RELAY = Path(__file__).with_name("relay.py")
_HOME = "/home/agent"
_MARK = "LOOPWRIGHT_TREE"


class HostSandbox:
    """Runs programs as they are, on the host.

    `relay_port` may differ from the spec's port where that one is taken: always take it from here.
    """

    name = "host"

    def __init__(self, spec: SandboxSpec) -> None:
        self.spec = spec
        self._relay = _HostRelay(spec.relay) if spec.relay else None

    @property
    def relay_port(self) -> int | None:
        """The port on 127.0.0.1 that reaches the relay's socket, while a program runs."""
        return self._relay.port if self._relay else None

    def host_path(self, target: str) -> Path | None:
        """The host's path of a path that the spec calls `target`."""
        return host_path(self.spec.mounts, target)

    def inside_path(self, source: Path) -> str | None:
        """Where programs find a host path: at that path, as nothing is moved here; None if no mount shows it."""
        return None if inside_path(self.spec.mounts, source) is None else str(source.absolute())

    async def run(self, command: Command, on_output: Callable[[bytes], None] | None = None) -> Outcome:
        """Run to the end. See `Sandbox.run`."""
        with self._serving():
            return await collect(self._launch(command, command.stdin), command, on_output)

    @asynccontextmanager
    async def spawn(self, command: Command) -> AsyncIterator[TreeProcess]:
        """Start a long-running program. See `Sandbox.spawn`."""
        with self._serving():
            async with open_process(self._launch(command, None), command) as process:
                yield process

    def _serving(self) -> contextlib.AbstractContextManager[None]:
        return self._relay.serving() if self._relay else contextlib.nullcontext()

    def _launch(self, command: Command, stdin: bytes | None) -> Launch:
        if not command.argv:
            raise UsageError("There is no program to run: `argv` is empty.")
        refuse_nul(*command.argv, command.cwd or "")
        limits = CellLimits(
            cpu_seconds=command.limits.cpu_seconds,
            memory_bytes=None if "memory" in support().parents else command.limits.memory_bytes,
            file_bytes=command.limits.file_bytes,
        )
        mark = secrets.token_hex(16)
        remove_abandoned_once()
        private = PrivateFolder()
        try:
            environment = {**self._environment(command, private.path), _MARK: mark}
            workdir = str(self._workdir(command))
            cgroup = make_cgroup(command.limits)
        except BaseException:
            private.remove()
            raise
        groups = cgroup.members if cgroup else []
        argv = guard_argv(command.argv, workdir=workdir, limits=limits, groups=groups)
        return Launch(
            argv=argv, env=environment, stdin=stdin, cgroup=cgroup, after=functools.partial(_clean, private, mark)
        )

    def _environment(self, command: Command, private: Path) -> dict[str, str]:
        home = self.host_path(_HOME) or private / "home"
        temp = private / "tmp"
        temp.mkdir()
        home.mkdir(exist_ok=True)
        # Real folders instead of a version manager's stubs, which would look for their files in the private home.
        path = find_toolchains(os.environ, home_folder()).path
        values = inside_environment(self.spec, command, path, str(home), str(temp))
        # git must not find the repository that a workspace may lie in: the user's.
        ceilings = [str(mount.source.absolute().parent) for mount in self.spec.mounts if is_dir(mount.source)]
        values.setdefault("GIT_CEILING_DIRECTORIES", ":".join(dict.fromkeys(ceilings)))
        return values

    def _workdir(self, command: Command) -> Path:
        target = os.path.join(self.spec.workdir, command.cwd or "")  # noqa: PTH118 - paths inside, not the host's
        found = self.host_path(target) or Path(target)
        if not is_dir(found):
            raise UsageError("The folder to run in does not exist.", where=str(found))
        return found


def _clean(private: PrivateFolder, mark: str) -> None:
    # A program may kill its guard and so orphan what it started; the mark in the environment still tells.
    wanted = f"{_MARK}={mark}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if wanted in (entry / "environ").read_bytes():
                    os.kill(int(entry.name), signal.SIGKILL)
    private.remove()


class _HostRelay:
    """A loopback listener of the host, served by a helper process while any program of the sandbox runs."""

    def __init__(self, relay: Relay) -> None:
        self._target = relay.socket
        self._users = 0
        self._helper: subprocess.Popen[bytes] | None = None
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._listener.bind(("127.0.0.1", relay.port))
        except OSError:
            self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(128)
        self.port: int = self._listener.getsockname()[1]
        weakref.finalize(self, self._listener.close)

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        if not is_socket(self._target):
            raise MachineError(
                "The relay's socket does not exist.", where=str(self._target), remedy="Is the gateway running?"
            )
        self._users += 1
        try:
            if self._helper is None:
                self._helper = self._start()
            yield
        finally:
            self._users -= 1
            if self._users == 0 and self._helper is not None:
                self._helper.kill()
                self._helper.communicate()
                self._helper = None

    def _start(self) -> subprocess.Popen[bytes]:
        number = str(self._listener.fileno())
        argv = [sys.executable, "-I", "-S", str(_RELAY), "--listen-fd", number, str(self._target)]
        # Its standard input ends when we die, and so does it.
        return subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env={},
            pass_fds=[int(number)],
            # A Ctrl-C is for us: whatever still runs needs its gateway until we have ended it.
            start_new_session=True,
        )
