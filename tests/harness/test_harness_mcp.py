"""`run_tests` over MCP, with the SDK's own client over real transports."""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
import uvicorn
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.server import _streamable_http_modern
from mcp_types import CallToolResult, TextContent
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.routing import Route

from loopwright.harness.mcp_server import mcp_app

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def served(run_tests: Callable[[str], Awaitable[str]], bound: socket.socket) -> AsyncIterator[None]:
    """The endpoint at /mcp of a uvicorn that listens on `bound`."""
    app, lifespan = mcp_app(run_tests)
    config = uvicorn.Config(
        Starlette(routes=[Route("/mcp", endpoint=app)]),
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    async with lifespan, anyio.create_task_group() as group:
        group.start_soon(server.serve, [bound])
        while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
            await anyio.sleep(0.01)
        try:
            yield
        finally:
            server.should_exit = True


def loopback() -> tuple[socket.socket, str]:
    bound = socket.create_server(("127.0.0.1", 0))
    return bound, f"http://127.0.0.1:{bound.getsockname()[1]}/mcp"


def text_of(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


async def echo(path: str) -> str:
    return f"graded {path!r}"


async def broken(path: str) -> str:
    raise RuntimeError(f"no sandbox for {path}")


async def check_tool(client: Client) -> None:
    (tool,) = (await client.list_tools()).tools
    assert tool.name == "run_tests"
    assert tool.input_schema["properties"]["test_path"]["type"] == "string"
    assert "required" not in tool.input_schema
    result = await client.call_tool("run_tests", {"test_path": "basics/loops"})
    assert (text_of(result), result.is_error) == ("graded 'basics/loops'", False)
    assert text_of(await client.call_tool("run_tests", {})) == "graded ''"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_over_loopback_http(mode: str) -> None:
    bound, url = loopback()
    async with served(echo, bound), Client(url, mode=mode) as client:
        await check_tool(client)


async def test_over_a_unix_socket_behind_a_relayed_port(tmp_path: Path) -> None:
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(tmp_path / "gateway.sock"))
    bound.listen()
    transport = httpx2.AsyncHTTPTransport(uds=str(tmp_path / "gateway.sock"))
    http = httpx2.AsyncClient(transport=transport)
    # The Host is what the agent dialled: the relay's port inside the sandbox.
    relayed = streamable_http_client("http://127.0.0.1:8910/mcp", http_client=http)
    async with served(echo, bound), http, Client(relayed) as client:
        await check_tool(client)


async def test_a_failing_tool_is_an_error_the_agent_can_read() -> None:
    bound, url = loopback()
    async with served(broken, bound), Client(url) as client:
        result = await client.call_tool("run_tests", {"test_path": "x"})
        assert result.is_error


async def test_calls_do_not_wait_for_each_other() -> None:
    gate = anyio.Event()

    async def slow(path: str) -> str:
        if path == "first":
            await gate.wait()
        return path

    bound, url = loopback()
    answers: list[str] = []
    async with served(slow, bound), Client(url) as client, anyio.create_task_group() as group:

        async def call(path: str) -> None:
            answers.append(text_of(await client.call_tool("run_tests", {"test_path": path})))

        group.start_soon(call, "first")
        await anyio.sleep(0.1)
        await call("second")
        gate.set()
    assert answers == ["second", "first"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_long_call_is_kept_alive(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # The comments that the SDK sends every 15 s, at 10 times a second; a client that gives up after 0.5 s of silence.
    monkeypatch.setattr(EventSourceResponse, "DEFAULT_PING_INTERVAL", 0.1)
    monkeypatch.setattr(_streamable_http_modern, "_SSE_PING_INTERVAL", 0.1)

    async def slow(path: str) -> str:
        await anyio.sleep(1.2)
        return path

    bound, url = loopback()
    http = httpx2.AsyncClient(trust_env=False, timeout=0.5)
    impatient = streamable_http_client(url, http_client=http)
    async with served(slow, bound), http, Client(impatient, mode=mode) as client:
        assert text_of(await client.call_tool("run_tests", {"test_path": "x"})) == "x"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "127.0.0.1:4711"}, 200),
        ({"host": "localhost:1"}, 200),
        ({"host": "evil.example:80"}, 421),
        ({"host": "127.0.0.1.evil.example:80"}, 421),
        ({"host": "127.0.0.1:1", "origin": "http://evil.example"}, 403),
    ],
)
async def test_only_this_machine_is_answered(headers: dict[str, str], status: int) -> None:
    bound, url = loopback()
    async with served(echo, bound), httpx2.AsyncClient(trust_env=False) as http:
        answer = await http.post(
            url, json=initialize(), headers={"accept": "application/json, text/event-stream"} | headers
        )
    assert answer.status_code == status


def initialize() -> dict[str, Any]:
    about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}}
    return {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": about}


def shim(url: str) -> StdioServerParameters:
    source = str(Path(__file__).parents[2] / "src")
    arguments = ["-m", "loopwright.harness.mcp_stdio", "--url", url]
    return StdioServerParameters(command=sys.executable, args=arguments, env={"PYTHONPATH": source})


@pytest.mark.slow
async def test_the_stdio_shim_serves_the_same_tool() -> None:
    bound, url = loopback()
    async with served(echo, bound), Client(shim(url)) as client:
        await check_tool(client)


@pytest.mark.slow
async def test_the_stdio_shim_passes_errors_on_and_says_when_nobody_answers() -> None:
    bound, url = loopback()
    async with served(broken, bound), Client(shim(url)) as client:
        assert (await client.call_tool("run_tests", {"test_path": "x"})).is_error
    async with Client(shim(url)) as client:
        result = await client.call_tool("run_tests", {})
    assert result.is_error
    assert "does not answer" in text_of(result)
