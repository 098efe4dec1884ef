"""What a sandbox is, whatever runs it.

A `Sandbox` is a recipe, not a process: each `run` or `spawn` starts one isolated process tree from it, and that
tree is dead, with everything it started, before the call returns or the handle is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from anyio.abc import ByteReceiveStream, ByteSendStream
from msgspec import Struct

__all__ = ["Command", "Mount", "Outcome", "Probe", "Process", "Relay", "ResourceLimits", "Sandbox", "SandboxSpec"]


class Mount(Struct, frozen=True):
    """A host path that is visible inside. `target` is absolute; a file or a folder."""

    source: Path
    target: str
    writable: bool = False


class Relay(Struct, frozen=True):
    """127.0.0.1:`port` inside the sandbox reaches the unix socket `socket` of the host, and nothing else."""

    socket: Path
    port: int = 8910


class ResourceLimits(Struct, frozen=True):
    """Limits of one process tree. Seconds, bytes, counts; None means not limited by us."""

    wall_seconds: float | None = 600.0
    cpu_seconds: int | None = None
    memory_bytes: int | None = 4 << 30
    processes: int | None = 512
    file_bytes: int | None = 1 << 30
    output_bytes: int = 1 << 20


class SandboxSpec(Struct, frozen=True):
    """What a sandbox shows and allows.

    Attributes:
        mounts: In order; later ones cover earlier ones. System folders and toolchains are added by the backend.
        env: Added to the allow-listed environment; the host's environment is never inherited.
        workdir: Absolute path inside, where commands start.
        relay: The only network there is, or None for none.
        nested: Whether programs inside may build sandboxes of their own (the grader does).
    """

    mounts: tuple[Mount, ...] = ()
    env: Mapping[str, str] = {}
    workdir: str = "/workspace"
    relay: Relay | None = None
    nested: bool = False


class Command(Struct, frozen=True):
    """One program to run. `argv[0]` is looked up on the PATH inside the sandbox."""

    argv: tuple[str, ...]
    cwd: str | None = None
    env: Mapping[str, str] = {}
    stdin: bytes = b""
    limits: ResourceLimits = ResourceLimits()


class Outcome(Struct, frozen=True):
    """How a command ended.

    `exit_code` is None where a signal ended it or it timed out. `stdout` and `stderr` keep the head and the tail
    up to `output_bytes` each; `stdout_bytes` and `stderr_bytes` count all that was printed.
    """

    exit_code: int | None
    signal: int | None
    timed_out: bool
    stdout: bytes
    stderr: bytes
    stdout_bytes: int
    stderr_bytes: int
    duration_ms: int

    @property
    def truncated(self) -> bool:
        """Whether some output was dropped."""
        return self.stdout_bytes > len(self.stdout) or self.stderr_bytes > len(self.stderr)


class Process(Protocol):
    """A running program (an agent CLI, the test runner). Streams are bytes, unbuffered by us."""

    @property
    def stdin(self) -> ByteSendStream: ...  # noqa: D102
    @property
    def stdout(self) -> ByteReceiveStream: ...  # noqa: D102
    @property
    def stderr(self) -> ByteReceiveStream: ...  # noqa: D102
    async def wait(self) -> int:
        """The exit code; 128 + N where signal N ended it."""
        ...

    def interrupt(self) -> None:
        """Send SIGINT to the program."""
        ...

    def kill(self) -> None:
        """SIGKILL the whole tree."""
        ...


class Probe(Struct, frozen=True):
    """What a backend can do here, found by doing it.

    `isolation` is one line for the record, e.g. `bwrap 0.8.0: user, pid, net, mount namespaces; cgroup v1 memory`.
    `remedy` says what to type where `works` is False.
    """

    backend: str
    works: bool
    isolation: str
    detail: str = ""
    remedy: str = ""


class Sandbox(Protocol):
    """Runs programs in isolation; one instance may run many, at the same time."""

    name: str
    spec: SandboxSpec

    @property
    def relay_port(self) -> int | None:
        """The port on 127.0.0.1 that reaches the relay's socket, or None where the spec has no relay."""
        ...

    def host_path(self, target: str) -> Path | None:
        """Where a path inside lies on the host, or None where no mount of the spec shows it."""
        ...

    def inside_path(self, source: Path) -> str | None:
        """How a path of the host is called inside, or None where no mount of the spec shows it."""
        ...

    async def run(self, command: Command, on_output: Callable[[bytes], None] | None = None) -> Outcome:
        """Run to the end and return what happened. Never raises for what the program does.

        Raises:
            MachineError: The sandbox itself could not be started.
        """
        ...

    def spawn(self, command: Command) -> AbstractAsyncContextManager[Process]:
        """Start a long-running program; leaving the context kills its whole tree."""
        ...
