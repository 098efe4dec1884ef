"""OpenCode's HTTP interface, over a unix socket: requests, and the stream of events."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncGenerator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec

from loopwright.agents.lines import Splitter, parse_object
from loopwright.base import one_line

if TYPE_CHECKING:
    import httpx2

__all__ = ["Client", "ServerError"]

_SECONDS = 30.0
# The server sends a heartbeat every 10 s.
_SILENT_SECONDS = 60.0
MOST_BYTES = 64 << 20


class ServerError(Exception):
    """The server refused, or is gone; the text says why, for people."""


class Client:
    """Speaks to one server.

    Args:
        socket: The unix socket, in a folder that programs in the sandbox may write to. What is there now is taken,
            and nothing that they put in its place later.
        password: What the server was started with.

    Raises:
        ServerError: There is no socket.
    """

    def __init__(self, socket: Path, password: str) -> None:
        import httpx2

        self._held = _hold(socket)
        transport = httpx2.AsyncHTTPTransport(uds=f"/proc/self/fd/{self._held}")
        self._http = httpx2.AsyncClient(
            transport=transport,
            base_url="http://opencode",
            auth=("opencode", password),
            timeout=httpx2.Timeout(_SECONDS),
            trust_env=False,
        )
        self._silence = httpx2.Timeout(_SECONDS, read=_SILENT_SECONDS)
        self._errors: tuple[type[Exception], ...] = (httpx2.HTTPError, OSError)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._http.aclose()
        finally:
            os.close(self._held)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and give the JSON value of its answer; None where there is none.

        Raises:
            ServerError: The server cannot be reached, refused, or answered with more than 64 MiB.
        """
        try:
            async with self._http.stream(method, path, json=body) as answer:
                data = await _bounded(answer)
        except self._errors as error:
            raise ServerError(f"OpenCode's server does not answer: {type(error).__name__} {error}".strip()) from error
        if answer.status_code >= 400:
            raise ServerError(f"OpenCode refused {method} {path} ({answer.status_code}): {_words(data)}")
        return _value(data)

    async def events(self) -> AsyncGenerator[dict[str, Any], None]:
        """The events from now on, until the connection ends. Close the iterator to end it.

        Raises:
            ServerError: The server cannot be reached, the connection broke, or nothing came for a minute.
        """
        splitter = Splitter(MOST_BYTES)
        try:
            async with self._http.stream("GET", "/event", timeout=self._silence) as answer:
                async for chunk in answer.aiter_raw():
                    for line in splitter.feed(chunk):
                        event = parse_object(line[5:]) if line.startswith(b"data:") else None
                        if event is not None:
                            yield event
        except self._errors as error:
            raise ServerError(f"OpenCode's events broke off: {type(error).__name__} {error}".strip()) from error


def _hold(socket: Path) -> int:
    """A descriptor of the socket itself; a link in its place could lead to another socket of ours."""
    try:
        held = os.open(socket, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise ServerError(f"OpenCode's socket cannot be opened: {error.strerror}") from error
    if not stat.S_ISSOCK(os.fstat(held).st_mode):
        os.close(held)
        raise ServerError("Something that is no socket is in the place of OpenCode's socket.")
    return held


async def _bounded(answer: httpx2.Response) -> bytes:
    data = bytearray()
    async for chunk in answer.aiter_bytes():
        data += chunk
        if len(data) > MOST_BYTES:
            raise ServerError(f"OpenCode answered with more than {MOST_BYTES >> 20} MiB.")
    return bytes(data)


def _value(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return (parse_object(b'{"value":' + data + b"}") or {}).get("value")


def _words(data: bytes) -> str:
    return one_line(data[:2000].decode("utf-8", "replace"))
