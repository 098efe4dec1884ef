"""Serving an application on a unix socket, inside the running event loop."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import anyio
import uvicorn

from loopwright.base import LoopwrightError, MachineError

__all__ = ["serve_unix"]

_GRACE_SECONDS = 2
# An agent runs tools between two calls. Whoever closes its idle connection may do it as the next call is on its way,
# which then fails; so it is the client's to close.
_IDLE_SECONDS = 30 * 86_400
_LONGEST_ADDRESS = 107
_MOST_HEADER_BYTES = 1 << 20


@asynccontextmanager
async def serve_unix(app: Any, path: Path) -> AsyncIterator[None]:
    """Serve an ASGI application on the unix socket `path` for as long as the context is open.

    The socket takes connections when the context is entered and is removed when it is left; calls under way are given
    2 s then. No signal handler is installed. The path may be of any length (Linux).

    Raises:
        MachineError: The socket cannot be made, or another process is serving it.
    """
    listener = _listen(path)
    server = _Server(
        uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            ws="none",
            http="h11",
            timeout_keep_alive=_IDLE_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            h11_max_incomplete_event_size=_MOST_HEADER_BYTES,
        ),
        listener,
    )
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(server.run_until_stopped)
            await server.ready.wait()
            try:
                yield
            finally:
                server.stop.set()
                with anyio.move_on_after(2 * _GRACE_SECONDS + 1, shield=True):
                    await server.stopped.wait()
    finally:
        listener.close()
        path.unlink(missing_ok=True)


class _Server(uvicorn.Server):
    """uvicorn's server without its signal handlers and without its clock."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket) -> None:
        super().__init__(config)
        self._listener = listener
        self.ready = anyio.Event()
        self.stop = anyio.Event()
        self.stopped = anyio.Event()

    async def run_until_stopped(self) -> None:
        with _without_expected_noise():
            try:
                await self.serve(sockets=[self._listener])
                # Calls that were cancelled at the end of the grace still have something to put on record.
                if self.server_state.tasks:
                    await asyncio.wait(self.server_state.tasks, timeout=_GRACE_SECONDS)
            finally:
                self.stopped.set()

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End as uvicorn does, but without its tenth of a second where nobody is connected any more."""
        if self.server_state.connections or self.server_state.tasks:
            return await super().shutdown(sockets)
        for server in self.servers:
            server.close()
            await server.wait_closed()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        self.ready.set()
        await self.stop.wait()


@contextmanager
def _without_expected_noise() -> Iterator[None]:
    """uvicorn reports what is meant as errors, or what is told elsewhere.

    A provider's cut that is passed on, calls that end with the run, and what is wrong with this machine.
    """
    logger = logging.getLogger("uvicorn.error")
    logger.addFilter(_is_unexpected)
    try:
        yield
    finally:
        logger.removeFilter(_is_unexpected)


def _is_unexpected(record: logging.LogRecord) -> bool:
    if record.exc_info and _is_expected(record.exc_info[1]):
        return False
    message = record.getMessage()
    return "without completing response" not in message and "graceful shutdown exceeded" not in message


def _is_expected(error: BaseException | None) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_is_expected(inner) for inner in error.exceptions)
    return isinstance(error, asyncio.CancelledError | LoopwrightError)


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _address(path) as address:
            _remove_stale(path, address)
            listener.bind(address)
        # Whoever may connect spends the owner's money.
        path.chmod(0o600)
        listener.listen(128)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise MachineError(f"the socket cannot be made: {error.strerror}", where=str(path)) from error
    except MachineError:
        listener.close()
        raise
    return listener


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """An address for `path` that fits into the 108 bytes that the kernel has for one."""
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _remove_stale(path: Path, address: str) -> None:
    """Remove the socket of a dead process; anything else at that place is not ours to remove."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise MachineError("something that is no socket is in the way", where=str(path), remedy="Remove it.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, suppress(ConnectionRefusedError):
        probe.connect(address)
        raise MachineError("another process is serving this socket", where=str(path), remedy="Stop that run first.")
    path.unlink(missing_ok=True)
