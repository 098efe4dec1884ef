"""Failures that a script asks for, as each API shows them, and what the record says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import httpx2
import msgspec
import pytest
from anthropic import APIStatusError, AsyncAnthropic
from openai import AsyncOpenAI, RateLimitError
from tests.gateway.patience import until

pytestmark = pytest.mark.anyio

USER = [{"role": "user", "content": "go"}]
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/v1/chat/completions", {"messages": USER, "tools": [{"function": {"name": "run_shell"}}]}),
    "responses": ("/v1/responses", {"input": USER, "tools": [{"type": "function", "name": "exec_command"}]}),
    "messages": ("/v1/messages", {"messages": USER, "max_tokens": 999, "tools": [{"name": "Bash"}]}),
}
KINDS = {400: "invalid_request_error", 401: "authentication_error", 529: "overloaded_error"}
Script = Callable[[str], str]


def failing(fault: str, say: str = "Some words that take a few events to say, as they are many.") -> str:
    return f"  - {{say: '{say}', fault: {{{fault}}}}}\n  - say: next\n"


async def stream(served: Any, api: str, received: bytearray | None = None) -> int:
    path, body = BODIES[api]
    async with served.http.stream("POST", path, json=body | {"stream": True}) as got:
        async for chunk in got.aiter_raw():
            if received is not None:
                received += chunk
    return int(got.status_code)


@pytest.mark.parametrize("api", BODIES)
async def test_a_status_so_often_and_then_the_reply(serve: Any, script: Script, api: str) -> None:
    path, body = BODIES[api]
    async with serve(script(failing("status: 429, retry_after: 2.5, times: 2, message: Slow down."))) as served:
        got = [await served.http.post(path, json=body) for _ in range(3)]
        assert served.gateway.outage is None
    assert [answer.status_code for answer in got] == [429, 429, 200]
    assert got[0].headers["retry-after"] == "2.5"
    error = got[0].json()["error"]
    assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    assert error["message"] == "Slow down."
    assert [call.status for call in served.calls] == [429, 429, 200]
    assert served.calls[1].error == "A fault that the script asks for: status, attempt 2."
    assert [(call.cost, call.usage.total > 0) for call in served.calls] == [(0.0, False), (0.0, False), (0.0, True)]


@pytest.mark.parametrize("status", KINDS)
async def test_anthropic_names_its_errors(serve: Any, script: Script, status: int) -> None:
    async with serve(script(failing(f"status: {status}"))) as served:
        got = await served.http.post(*BODIES["messages"][:1], json=BODIES["messages"][1])
    assert (got.status_code, got.json()["type"]) == (status, "error")
    assert got.json()["error"]["type"] == KINDS[status]


async def test_the_sdks_read_the_errors(serve: Any, script: Script) -> None:
    async with serve(script(failing("status: 429, times: 9"))) as served:
        transport = httpx2.AsyncHTTPTransport(uds=str(served.socket))
        http = httpx2.AsyncClient(transport=transport, timeout=100)
        async with AsyncOpenAI(base_url="http://g/v1", api_key="x", http_client=http, max_retries=0) as client:
            with pytest.raises(RateLimitError, match="HTTP 429"):
                await client.responses.create(model="m", **BODIES["responses"][1])
    async with serve(script(failing("overflow: true"))) as served:
        transport = httpx2.AsyncHTTPTransport(uds=str(served.socket))
        http = httpx2.AsyncClient(transport=transport, timeout=100)
        async with AsyncAnthropic(base_url="http://g", api_key="x", http_client=http, max_retries=0) as claude:
            with pytest.raises(APIStatusError, match="prompt is too long"):
                await claude.messages.create(**{"model": "m"} | BODIES["messages"][1])


@pytest.mark.parametrize("api", BODIES)
async def test_a_stream_that_is_cut(serve: Any, script: Script, api: str) -> None:
    received, again = bytearray(), bytearray()
    async with serve(script(failing("cut_after: 3"))) as served:
        with pytest.raises(httpx2.RemoteProtocolError):
            await stream(served, api, received)
        assert served.gateway.refusal.kind == "outage"
        assert await stream(served, api, again) == 200
        assert served.gateway.refusal is None
    assert received.count(b"\n\n") == 3
    assert again.startswith(bytes(received))
    assert [call.script and call.script.served for call in served.calls] == [1, 1]


@pytest.mark.parametrize("api", BODIES)
async def test_a_whole_answer_that_is_cut(serve: Any, script: Script, api: str) -> None:
    path, body = BODIES[api]
    async with serve(script(failing("cut_after: 0"))) as served:
        with pytest.raises(httpx2.RemoteProtocolError):
            await served.http.post(path, json=body)
        assert (await served.http.post(path, json=body)).status_code == 200


@pytest.mark.parametrize("api", BODIES)
async def test_a_frame_that_is_no_json(serve: Any, script: Script, api: str) -> None:
    path, body = BODIES[api]
    received = bytearray()
    async with serve(script(failing("malformed: true, times: 2"))) as served:
        assert await stream(served, api, received) == 200
        whole = await served.http.post(path, json=body)
    assert b'"broken, and no JSON\n\n' in received
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(whole.content)


@pytest.mark.parametrize("api", BODIES)
async def test_a_conversation_that_does_not_fit(serve: Any, script: Script, api: str) -> None:
    path, body = BODIES[api]
    received = bytearray()
    async with serve(script(failing("overflow: true, times: 2"))) as served:
        got = await served.http.post(path, json=body)
        status = await stream(served, api, received)
        assert served.gateway.refusal is None, "it is the request that does not fit"
    assert (got.status_code, got.json()["error"]["code"]) == (400, "context_length_exceeded")
    assert status == (200 if api == "responses" else 400)
    assert b"context_length_exceeded" in received
    assert (b"response.failed" in received) == (api == "responses")


@pytest.mark.parametrize(("fault", "events"), [("hang: true", 0), ("hang_after: 0", 0), ("hang_after: 2", 2)])
async def test_a_model_that_falls_silent(serve: Any, script: Script, fault: str, events: int) -> None:
    received = bytearray()
    async with serve(script(failing(fault))) as served:
        async with anyio.create_task_group() as group:
            group.start_soon(stream, served, "chat", received)
            await until(lambda: served.gateway.in_flight == 1 and received.count(b"\n\n") == events)
            await anyio.sleep(0.3)  # nothing more may come
            assert not served.calls, "it was not answered to its end"
            group.cancel_scope.cancel()
        await until(lambda: bool(served.calls))
        assert await stream(served, "chat") == 200
    assert received.count(b"\n\n") == events
    assert served.calls[0].error == f"A fault that the script asks for: {fault.split(':')[0]}, attempt 1."


async def test_a_late_reply_is_served(serve: Any, script: Script) -> None:
    async with serve(script(failing("delay: 1"))) as served:
        assert await stream(served, "chat") == 200
        assert await stream(served, "chat") == 200
    late, retried = served.calls
    assert late.latency_ms > 1000
    assert retried.latency_ms < 1000, "it is late once"
    assert late.error == ""


async def test_a_new_process_knows_how_often_it_failed(serve: Any, script: Script) -> None:
    model = script(failing("status: 500, times: 2"))
    async with serve(model) as served:
        assert await stream(served, "chat") == 500
    async with serve(model, next_call=2) as resumed:
        resumed.gateway.restore(served.calls)
        assert [await stream(resumed, "chat") for _ in range(2)] == [500, 200]
