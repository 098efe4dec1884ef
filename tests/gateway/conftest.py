"""A gateway on a real unix socket, and a provider that speaks real HTTP."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
import uvicorn

from loopwright.gateway import Gateway, ModelSpec, serve_unix
from loopwright.gateway.serve import _Server
from loopwright.record import Limits, ModelCalled
from loopwright.record.blobs import BlobStore


@dataclass
class Served:
    """A running gateway: `calls` is what it recorded, `http` reaches it, `socket` is where it is."""

    gateway: Gateway
    socket: Path
    blobs: BlobStore
    http: httpx2.AsyncClient
    calls: list[ModelCalled] = field(default_factory=list)

    def request(self, call: int = -1) -> Any:
        payload = self.calls[call].request
        return self.blobs.value(payload) if payload else None

    def response(self, call: int = -1) -> Any:
        payload = self.calls[call].response
        return self.blobs.value(payload) if payload else None


Serve = Callable[..., AbstractAsyncContextManager[Served]]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """`async with serve("scripted:FILE", limits=...) as served`."""

    @asynccontextmanager
    async def serving(
        text: str, *, environ: dict[str, str] | None = None, home: Path | None = None, **options: Any
    ) -> AsyncIterator[Served]:
        calls: list[ModelCalled] = []
        blobs = BlobStore(tmp_path / "blobs")
        spec = ModelSpec.parse(text, environ=environ, home=home)
        options.setdefault("limits", Limits())
        gateway = Gateway(spec, on_call=calls.append, blobs=blobs, environ=environ, **options)
        path = tmp_path / "gateway.sock"
        transport = httpx2.AsyncHTTPTransport(uds=str(path))
        async with (
            serve_unix(gateway.app, path),
            httpx2.AsyncClient(transport=transport, base_url="http://gateway", timeout=100) as http,
        ):
            yield Served(gateway, path, blobs, http, calls)
            await gateway.close()

    return serving


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], str]:
    """Write a script and return the model that plays it."""

    def write(replies: str, head: str = "") -> str:
        path = tmp_path / "script.yaml"
        path.write_text(f"version: 1\nname: demo\n{head}\nreplies:\n{replies}")
        return f"scripted:{path}"

    return write


@dataclass
class Upstream:
    """A provider: `answers` are ASGI applications for the coming requests, the last one for all that follow."""

    base: str = ""
    answers: list[Any] = field(default_factory=list)
    requests: list[httpx2.Request] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        url = scope["path"] + ("?" + scope["query_string"].decode() if scope["query_string"] else "")
        self.requests.append(httpx2.Request("POST", "http://upstream" + url, headers=scope["headers"], content=body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        await answer(scope, receive, send)


@pytest.fixture
async def upstream(anyio_backend: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Upstream]:
    """A provider on a TCP port of this machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    peer = Upstream()
    listener = socket.create_server(("127.0.0.1", 0))
    peer.base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.setblocking(False)
    config = uvicorn.Config(peer, lifespan="off", log_config=None, ws="none", timeout_graceful_shutdown=1)
    server = _Server(config, listener)
    async with anyio.create_task_group() as group:
        group.start_soon(server.run_until_stopped)
        await server.ready.wait()
        yield peer
        server.stop.set()
    listener.close()
