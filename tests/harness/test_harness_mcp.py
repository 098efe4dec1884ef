"""`run_tests` over MCP, with the SDK's own client over real transports."""

from __future__ import annotations

import json
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
from mcp_types import CallToolResult, TextContent
from starlette.applications import Starlette
from starlette.routing import Route

from loopwright.harness import mcp_server
from loopwright.harness.mcp_server import mcp_app

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def served(run_tests: Callable[[str], Awaitable[str]], bound: socket.socket) -> AsyncIterator[None]:
    """The endpoint at /mcp of a uvicorn that listens on `bound`."""
    config = uvicorn.Config(
        Starlette(routes=[Route("/mcp", endpoint=mcp_app(run_tests))]),
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    async with anyio.create_task_group() as group:
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


async def test_a_long_call_is_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    # The comments that are sent every 15 s, at 10 times a second; a client that gives up after 2 s of silence.
    monkeypatch.setattr(mcp_server, "_PING_SECONDS", 0.1)

    async def slow(path: str) -> str:
        await anyio.sleep(3)
        return path

    bound, url = loopback()
    http = httpx2.AsyncClient(trust_env=False, timeout=2)
    impatient = streamable_http_client(url, http_client=http)
    async with served(slow, bound), http, Client(impatient) as client:
        assert text_of(await client.call_tool("run_tests", {"test_path": "x"})) == "x"


async def test_a_cancelled_call_ends_and_others_go_on() -> None:
    ended: list[str] = []

    async def slow(path: str) -> str:
        try:
            await anyio.sleep(0 if path == "quick" else 3600)
        finally:
            ended.append(path)
        return path

    bound, url = loopback()
    async with served(slow, bound), httpx2.AsyncClient(trust_env=False) as http:
        session = (await http.post(url, json=initialize())).headers["mcp-session-id"]
        answers: dict[str, dict[str, Any]] = {}

        async def call(number: int, path: str, session: str) -> None:
            asked = request("tools/call", number, name="run_tests", arguments={"test_path": path})
            answer = await http.post(url, json=asked, headers={"mcp-session-id": session}, timeout=60)
            answers[path] = json.loads(answer.text.partition("data: ")[2].partition("\n")[0])

        async with anyio.create_task_group() as group:
            group.start_soon(call, 7, "long", session)
            group.start_soon(call, 7, "of another session", "other")
            await call(8, "quick", session)
            cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}
            while "long" not in answers:
                assert (await http.post(url, json=cancel, headers={"mcp-session-id": session})).status_code == 202
                await anyio.sleep(0.05)
            assert "of another session" not in answers
            group.cancel_scope.cancel()
    assert ended[:2] == ["quick", "long"]
    assert answers["long"]["error"]["code"] == -32800
    assert answers["quick"]["result"]["content"] == [{"type": "text", "text": "quick"}]


async def test_a_client_that_goes_away_does_not_end_the_tests() -> None:
    begun, ended = anyio.Event(), anyio.Event()
    go_on = anyio.Event()

    async def slow(path: str) -> str:
        begun.set()
        await go_on.wait()
        ended.set()
        return path

    bound, url = loopback()
    async with served(slow, bound):
        asked = request("tools/call", 1, name="run_tests", arguments={})
        async with httpx2.AsyncClient(trust_env=False) as http, http.stream("POST", url, json=asked):
            await begun.wait()
        go_on.set()
        with anyio.fail_after(30):
            await ended.wait()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "rm", "arguments": {}}, "There is no tool 'rm'; there is run_tests."),
        (
            {"name": "run_tests", "arguments": {"test_path": 7}},
            "run_tests takes {\"test_path\": a string}, not {'test_path': 7}.",
        ),
        ({"name": "run_tests", "arguments": "basics"}, "run_tests takes {\"test_path\": a string}, not 'basics'."),
    ],
)
async def test_a_wrong_call_is_explained_to_the_agent(arguments: dict[str, Any], said: str) -> None:
    bound, url = loopback()
    async with served(echo, bound), httpx2.AsyncClient(trust_env=False) as http:
        answer = await http.post(url, json=request("tools/call", "a", **arguments))
    result = json.loads(answer.text.partition("data: ")[2].partition("\n")[0])
    assert result == {
        "jsonrpc": "2.0",
        "id": "a",
        "result": {"content": [{"type": "text", "text": said}], "isError": True},
    }


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, -32700),
        (b"\xff\xfe", 400, -32700),
        (b"[]", 400, -32600),
        (b'{"id": [], "method": "ping"}', 400, -32600),
        (b'{"id": 1, "method": "ping", "params": {"x": "' + b"x" * (1 << 20) + b'"}}', 400, -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "resources/list"}', 200, -32601),
    ],
)
async def test_what_is_no_message_is_answered_with_the_protocol_s_code(body: bytes, status: int, code: int) -> None:
    bound, url = loopback()
    async with served(echo, bound), httpx2.AsyncClient(trust_env=False) as http:
        answer = await http.post(url, content=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        # ... and the next one is served
        assert (await http.post(url, json=request("ping", 2))).json() == {"jsonrpc": "2.0", "id": 2, "result": {}}
        assert (await http.get(url)).status_code == 405


@pytest.mark.parametrize(("asked", "spoken"), [("2025-03-26", "2025-03-26"), ("2099-01-01", "2025-11-25")])
async def test_the_revision_that_is_spoken(asked: str, spoken: str) -> None:
    bound, url = loopback()
    async with served(echo, bound), httpx2.AsyncClient(trust_env=False) as http:
        answer = await http.post(url, json=request("initialize", 1, protocolVersion=asked))
    assert answer.json()["result"]["protocolVersion"] == spoken


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


def request(method: str, number: int | str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def initialize() -> dict[str, Any]:
    about = {"clientInfo": {"name": "t", "version": "0"}, "capabilities": {}}
    return request("initialize", 1, protocolVersion="2025-06-18", **about)


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
