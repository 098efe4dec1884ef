"""Talking to a running trajectory: one line of JSON each way, over a unix socket in its run directory."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import anyio
import msgspec
from anyio.abc import SocketStream
from msgspec import Struct

from loopwright.trajectory.stopping import StopSwitch

__all__ = ["ControlReply", "ControlRequest", "ask", "serve_control"]

_MOST_BYTES = 65_536


class ControlRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody wants of a running trajectory."""

    do: Literal["stop", "ping"]
    source: str = "stop"


class ControlReply(Struct, frozen=True):
    """Whether it was understood, and what follows from it."""

    ok: bool
    detail: str = ""


@contextmanager
def _short_name(path: Path) -> Iterator[str]:
    """A name for `path` that fits into a socket address (108 bytes), however long the path is."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


async def serve_control(path: Path, switch: StopSwitch) -> None:
    """Answer requests until cancelled; the socket is removed then."""
    path.unlink(missing_ok=True)
    with _short_name(path) as name:
        listener = await anyio.create_unix_listener(name, mode=0o600)
    try:
        async with listener:
            await listener.serve(lambda stream: _answer(stream, switch))
    finally:
        path.unlink(missing_ok=True)


async def _answer(stream: SocketStream, switch: StopSwitch) -> None:
    # Whoever asked may be gone before the answer; that is no trouble of the run's.
    with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
        await _converse(stream, switch)


async def _converse(stream: SocketStream, switch: StopSwitch) -> None:
    async with stream:
        with anyio.move_on_after(10):
            try:
                request = msgspec.json.decode(await _line(stream), type=ControlRequest)
            except (msgspec.MsgspecError, anyio.EndOfStream) as error:
                reply = ControlReply(False, f"not understood: {error}")
            else:
                reply = _obey(request, switch)
            await stream.send(_encode(reply))


def _obey(request: ControlRequest, switch: StopSwitch) -> ControlReply:
    if request.do == "ping":
        return ControlReply(True, "running")
    first = switch.press(request.source)
    return ControlReply(True, "stopping" if first else "already stopping")


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
