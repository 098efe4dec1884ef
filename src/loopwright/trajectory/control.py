"""Talking to a running trajectory: one line of JSON each way, over a unix socket in its run directory.

`{"do":"watch"}` is the exception: after the reply, every delta follows as a line, until one of the two goes.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

import anyio
import msgspec
from anyio.abc import SocketStream
from msgspec import Struct

from loopwright.agents import Delta
from loopwright.record import Limits
from loopwright.trajectory.deltas import DeltaFeed

__all__ = ["ControlReply", "ControlRequest", "Obeying", "ask", "serve_control", "watch"]

_MOST_BYTES = 1 << 20
_MOST_DELTA = 16_384
_GONE = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)


class ControlRequest(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What somebody wants of a running trajectory: `text` for `steer`, `limits` (those to change) for `limit`."""

    do: Literal["stop", "ping", "steer", "limit", "watch"]
    source: str = "stop"
    text: str = ""
    limits: Limits | None = None


class ControlReply(Struct, frozen=True):
    """Whether it was understood, and what follows from it."""

    ok: bool
    detail: str = ""


class Obeying(Protocol):
    """Whoever does what is asked, and knows what is on its way."""

    feed: DeltaFeed

    async def obey(self, request: ControlRequest) -> ControlReply:
        """Do what is asked."""
        ...


@contextmanager
def _short_name(path: Path) -> Iterator[str]:
    """A name for `path` that fits into a socket address (108 bytes), however long the path is."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


async def serve_control(path: Path, helm: Obeying) -> None:
    """Answer requests until cancelled; the socket is removed then."""
    # A socket refuses between being made and being listened to; so nobody finds it before.
    fresh = path.with_name(f"new-{path.name}")
    for old in (fresh, path):
        old.unlink(missing_ok=True)
    try:
        with _short_name(fresh) as name:
            listener = await anyio.create_unix_listener(name, mode=0o600)
        async with listener:
            fresh.rename(path)
            await listener.serve(lambda stream: _answer(stream, helm))
    finally:
        for old in (fresh, path):
            old.unlink(missing_ok=True)


async def _answer(stream: SocketStream, helm: Obeying) -> None:
    # Whoever asked may be gone before the answer; that is no trouble of the run's.
    with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
        async with stream:
            request = await _converse(stream, helm)
            if request is not None and request.do == "watch":
                await _show(stream, helm.feed)


async def _converse(stream: SocketStream, helm: Obeying) -> ControlRequest | None:
    request = None
    with anyio.move_on_after(15):
        try:
            request = msgspec.json.decode(await _line(stream), type=ControlRequest)
        except (msgspec.MsgspecError, anyio.EndOfStream) as error:
            reply = ControlReply(False, f"not understood: {error}")
        else:
            reply = await helm.obey(request)
        await stream.send(_encode(reply))
    return request


async def _show(stream: SocketStream, feed: DeltaFeed) -> None:
    """Send what is on its way until the watcher goes; nothing of the run waits for it."""
    with feed.queue() as queue:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_until_gone, stream, queue.end)
            await _send_all(stream, queue.deltas)
            tasks.cancel_scope.cancel()


async def _send_all(stream: SocketStream, deltas: AsyncIterable[Delta]) -> None:
    # A watcher may go in the middle of a line, and must take nothing with it.
    with contextlib.suppress(*_GONE):
        async for delta in deltas:
            await stream.send(_encode(msgspec.structs.replace(delta, text=delta.text[:_MOST_DELTA])))


async def _until_gone(stream: SocketStream, end: Callable[[], None]) -> None:
    with contextlib.suppress(*_GONE):
        while True:
            await stream.receive()
    end()


async def _line(stream: SocketStream) -> bytes:
    data = b""
    while not data.endswith(b"\n") and len(data) < _MOST_BYTES:
        data += await stream.receive()
    return data


def _encode(message: Any) -> bytes:
    return msgspec.json.encode(message) + b"\n"


def ask(path: Path, request: ControlRequest, seconds: float = 5.0) -> ControlReply | None:
    """Send one request to the run whose control socket this is; None where nobody listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(seconds)
        try:
            with _short_name(path) as name:
                connection.connect(name)
            connection.sendall(_encode(request))
            return msgspec.json.decode(connection.makefile("rb").readline(_MOST_BYTES), type=ControlReply)
        except (OSError, msgspec.DecodeError):
            return None


async def watch(path: Path) -> AsyncIterator[Delta]:
    """What is on its way in the run whose control socket this is, until it ends; nothing where nobody listens."""
    try:
        with _short_name(path) as name:
            stream = await anyio.connect_unix(name)
    except OSError:
        return
    async with stream:
        await stream.send(_encode(ControlRequest(do="watch", source="watch")))
        async for line in _lines(stream):
            try:
                yield msgspec.json.decode(line, type=Delta)
            except msgspec.MsgspecError:
                continue  # the reply to our request


async def _lines(stream: SocketStream) -> AsyncIterator[bytes]:
    rest = b""
    with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):
        while True:
            rest += await stream.receive()
            *whole, rest = rest.split(b"\n")
            for line in whole:
                yield line
