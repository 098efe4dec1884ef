"""OpenCode's server in a sandbox: started, watched, and ended."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import ByteReceiveStream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from msgspec.structs import replace

from loopwright.agents.launching import HOME, Place, agent_limits, open_place
from loopwright.agents.lines import lines
from loopwright.agents.opencode.client import Client, ServerError
from loopwright.agents.opencode.settings import environment, prepare_home
from loopwright.agents.programs import find
from loopwright.agents.protocol import AgentContext
from loopwright.base import MachineError, one_line
from loopwright.sandbox import Command, Mount, Process
from loopwright.sandbox.toolchains import python_inside

__all__ = ["GAP", "Server", "open_place_for", "open_server"]

GAP = "loopwright.gap"
"""Type of an event of ours: the events broke off and go on from here; some may be missing."""

Event = dict[str, Any]

_FORWARD = Path(__file__).with_name("forward.py")
_SOCKET = "opencode.sock"
_START_SECONDS = 90.0
_AGAIN_SECONDS = 0.2
_MOST_LINE = 1 << 16
_QUEUE = 256


class Server:
    """A server that runs.

    Attributes:
        client: Speaks to it.
        events: What it tells, for as long as it runs; see `GAP`.
        ended: How its process ended, or None while it lives.
        done: Set it to have the server ended.
    """

    def __init__(self, client: Client, events: MemoryObjectReceiveStream[Event]) -> None:
        self.client = client
        self.events = events
        self.ended: str | None = None
        self.done = anyio.Event()


class _Said:
    """The newest lines that the process printed, and whether it said that it listens."""

    def __init__(self) -> None:
        self.listening = anyio.Event()
        self._lines: deque[str] = deque(maxlen=20)

    async def follow(self, stream: ByteReceiveStream) -> None:
        async for line in lines(stream, _MOST_LINE):
            if b"listening on http" in line:
                self.listening.set()
            else:
                self._lines.append(one_line(line.decode("utf-8", "replace")))

    @property
    def last(self) -> str:
        return " / ".join(list(self._lines)[-3:])


def open_place_for(context: AgentContext) -> tuple[Place, tuple[str, ...]]:
    """A sandbox for OpenCode, and the beginning of its command there.

    Raises:
        MachineError: OpenCode is not installed.
    """
    program = find("opencode")
    helper = Mount(_FORWARD, f"{HOME.rpartition('/')[0]}/forward.py")
    place = open_place(replace(context, mounts=(*context.mounts, helper)), program.folder)
    prepare_home(_home(context))
    return place, program.argv(place.programs)


@asynccontextmanager
async def open_server(context: AgentContext) -> AsyncIterator[Server]:
    """Start a server for this run; its whole process tree is dead when the context is left.

    Raises:
        MachineError: OpenCode is not installed, or its server does not start.
    """
    place, program = open_place_for(context)
    password = secrets.token_urlsafe(24)
    command = _command(place, program, {**environment(place.gateway, context.model), _PASSWORD: password})
    said = _Said()
    with _own_socket(context) as socket:
        async with place.sandbox.spawn(command) as process, anyio.create_task_group() as output:
            output.start_soon(said.follow, process.stderr)
            output.start_soon(said.follow, process.stdout)
            await _listening(process, said)
            async with Client(socket, password) as client, anyio.create_task_group() as tasks:
                send, receive = anyio.create_memory_object_stream[Event](_QUEUE)
                server = Server(client, receive)
                connected = anyio.Event()
                tasks.start_soon(_pump, client, send, connected)
                tasks.start_soon(_watch, process, server, said)
                try:
                    await _in_time(connected, said)
                    yield server
                finally:
                    tasks.cancel_scope.cancel()
                    send.close()
            output.cancel_scope.cancel()


_PASSWORD = "OPENCODE_SERVER_PASSWORD"


def _command(place: Place, program: tuple[str, ...], env: dict[str, str]) -> Command:
    forward = place.sandbox.inside_path(_FORWARD) or str(_FORWARD)
    argv = (python_inside(), "-I", "-S", forward, place.home, _SOCKET, "--", *program)
    argv += ("serve", "--pure", "--hostname", "127.0.0.1", "--port", "PORT")
    return Command(argv=argv, cwd=place.workspace, env=env, limits=agent_limits())


def _socket(context: AgentContext) -> Path:
    return _home(context) / _SOCKET


def _home(context: AgentContext) -> Path:
    if context.home is None:
        raise MachineError("this run has no home folder for an agent's program")
    return context.home


@contextmanager
def _own_socket(context: AgentContext) -> Iterator[Path]:
    """Where the server listens; the file is removed with it."""
    path = _socket(context)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


async def _listening(process: Process, said: _Said) -> None:
    """Wait until the server listens: a connection before that would hang."""
    codes: list[int] = []

    async def ended() -> None:
        codes.append(await process.wait())
        said.listening.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ended)
        await _in_time(said.listening, said)
        tasks.cancel_scope.cancel()
    if codes:
        raise MachineError(
            f"OpenCode's server ended as it started, with exit code {codes[0]}: {said.last.rstrip('.')}.",
            remedy="`loopwright agents check opencode` says more.",
        )


async def _in_time(event: anyio.Event, said: _Said) -> None:
    with anyio.move_on_after(_START_SECONDS):
        await event.wait()
        return
    raise MachineError(f"OpenCode's server was not ready after {_START_SECONDS:.0f} s: {said.last}")


async def _pump(client: Client, send: MemoryObjectSendStream[Event], connected: anyio.Event) -> None:
    """Pass the events on, and connect again wherever they break off."""
    while True:
        try:
            async with aclosing(client.events()) as events:
                async for event in events:
                    if event.get("type") == "server.connected":
                        event = {"type": GAP} if connected.is_set() else event
                        connected.set()
                    await send.send(event)
        except ServerError:
            pass  # what that means is for `_watch` to say: the process lives, or it does not
        await anyio.sleep(_AGAIN_SECONDS)


async def _watch(process: Process, server: Server, said: _Said) -> None:
    code = await process.wait()
    server.ended = f"exit code {code}" if code < 128 else f"signal {code - 128}"
    if said.last:
        server.ended += f": {said.last}"
    server.done.set()
