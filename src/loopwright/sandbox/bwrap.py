"""The bubblewrap backend: namespaces for users, processes, network, mounts, IPC and host name."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from loopwright.base import MachineError, UsageError
from loopwright.sandbox._cgroup import make_cgroup, support
from loopwright.sandbox._ending import INFO, OPTIONS, PLAIN_SCRIPT, REPORTING_SCRIPT, SECCOMP
from loopwright.sandbox._environment import inside_environment, refuse_nul
from loopwright.sandbox._leftovers import helper_name, remove_leftovers_once
from loopwright.sandbox._look import home_folder
from loopwright.sandbox._rlimits import rlimits
from loopwright.sandbox._running import TreeProcess, collect, open_process
from loopwright.sandbox._seccomp import filter_program
from loopwright.sandbox._spawn import encoded, find_tool
from loopwright.sandbox._tree import Launch
from loopwright.sandbox._view import HELPERS, HOME, RELAY_SOCKET, View, view_options
from loopwright.sandbox.paths import host_path, inside_path
from loopwright.sandbox.protocol import Command, Outcome, ResourceLimits, SandboxSpec
from loopwright.sandbox.toolchains import Toolchains, find_toolchains, python_inside

__all__ = ["BwrapSandbox", "Features", "features"]

_UID = "1000"


@dataclass(frozen=True)
class Features:
    """What the installed bwrap can do; older ones lack some options."""

    path: str
    version: str
    disable_userns: bool
    sized: bool


@functools.cache
def features() -> Features:
    """Ask the installed bwrap.

    Raises:
        MachineError: It is not installed.
    """
    path = find_tool("bwrap")
    if path is None:
        raise MachineError("bubblewrap is not installed.", remedy=install_command())
    text = subprocess.run([path, "--help"], capture_output=True, text=True, check=False).stdout
    words = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout.split()
    return Features(path, words[-1] if words else "?", "--disable-userns" in text, "--size" in text)


def install_command() -> str:
    """How to install bubblewrap here, as a sentence."""
    for tool, line in (
        ("apt-get", "apt-get install bubblewrap"),
        ("dnf", "dnf install bubblewrap"),
        ("pacman", "pacman -S bubblewrap"),
        ("zypper", "zypper install bubblewrap"),
        ("apk", "apk add bubblewrap util-linux-misc"),
    ):
        if find_tool(tool):
            return f"Type `{'' if os.geteuid() == 0 else 'sudo '}{line}`."
    return "Install bubblewrap with the package manager of this system."


@functools.cache
def _toolchains(path: str) -> Toolchains:
    return find_toolchains(os.environ, home_folder())


class BwrapSandbox:
    """Runs programs under bubblewrap, with no network but the relay."""

    name = "bwrap"

    def __init__(self, spec: SandboxSpec) -> None:
        self.spec = spec

    @property
    def relay_port(self) -> int | None:
        """The port on 127.0.0.1 inside that reaches the relay's socket."""
        return self.spec.relay.port if self.spec.relay else None

    def host_path(self, target: str) -> Path | None:
        """The host's path of a path inside, where a mount of the spec shows it."""
        return host_path(self.spec.mounts, target)

    def inside_path(self, source: Path) -> str | None:
        """The path inside of a host path, where a mount of the spec shows it."""
        return inside_path(self.spec.mounts, source)

    async def run(self, command: Command, on_output: Callable[[bytes], None] | None = None) -> Outcome:
        """Run to the end. See `Sandbox.run`."""
        return await collect(self._launch(command, REPORTING_SCRIPT, command.stdin), command, on_output)

    @asynccontextmanager
    async def spawn(self, command: Command) -> AsyncIterator[TreeProcess]:
        """Start a long-running program. See `Sandbox.spawn`."""
        async with open_process(self._launch(command, PLAIN_SCRIPT, None), command) as process:
            yield process

    def _launch(self, command: Command, script: str, stdin: bytes | None) -> Launch:
        if not command.argv:
            raise UsageError("There is no program to run: `argv` is empty.")
        found = features()
        remove_leftovers_once()
        refuse_nul(*command.argv)
        options = self._options(command, found)
        refuse_nul(*options)
        argv = [found.path, "--args", str(OPTIONS), "--", *self._relay_argv(), "/bin/sh", "-c", script, "sh"]
        argv += command.argv
        return Launch(
            argv=argv,
            name=helper_name(),
            stdin=stdin,
            options=b"".join(encoded(word) + b"\0" for word in options),
            seccomp=filter_program(namespaces=self.spec.nested),
            cgroup=make_cgroup(command.limits),
            rlimits=_rlimits(command.limits),
            remedy="`loopwright doctor` says what this machine gives.",
        )

    def _options(self, command: Command, found: Features) -> list[str]:
        spec = self.spec
        chains = _toolchains(os.environ.get("PATH", ""))
        options = ["--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
        options += ["--unshare-cgroup-try", "--uid", _UID, "--gid", _UID, "--hostname", "sandbox"]
        options += ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        if found.disable_userns and not spec.nested:
            options.append("--disable-userns")
        options += ["--json-status-fd", str(INFO)]
        if filter_program(namespaces=spec.nested):
            options += ["--seccomp", str(SECCOMP)]
        options += view_options(spec, chains, View.within(command.limits.memory_bytes, sized=found.sized))
        options += ["--chdir", str(PurePosixPath(spec.workdir, command.cwd or "")), "--clearenv"]
        for name, value in inside_environment(spec, command, chains.path, HOME, "/tmp").items():
            options += ["--setenv", name, value]
        return options

    def _relay_argv(self) -> list[str]:
        if self.spec.relay is None:
            return []
        port = str(self.spec.relay.port)
        return [python_inside(), "-I", "-S", f"{HELPERS}/relay.py", "--port", port, RELAY_SOCKET, "--"]


def _rlimits(limits: ResourceLimits) -> dict[int, int]:
    grouped = support().parents
    return rlimits(
        cpu_seconds=limits.cpu_seconds,
        memory_bytes=None if "memory" in grouped else limits.memory_bytes,
        file_bytes=limits.file_bytes,
        processes=None if "pids" in grouped else limits.processes,
    )
