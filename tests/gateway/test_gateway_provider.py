"""Passing calls on to a provider that speaks real HTTP."""

from __future__ import annotations

import random
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import msgspec
import pytest
from starlette.responses import JSONResponse, Response, StreamingResponse
from tests.gateway.patience import until

from loopwright.base import UsageError
from loopwright.record import Limits, Usage

pytestmark = pytest.mark.anyio

KEY = "sk-planted-0123456789"
GOLDEN = Path(__file__).parent.parent / "golden" / "wire"
CHAT = {"model": "asked", "messages": [{"role": "user", "content": "hi"}]}
OVERLOADED = JSONResponse({"error": {"message": "busy"}}, 529)


def openai(base: str) -> dict[str, str]:
    return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{base}/v1"}


def anthropic(base: str) -> dict[str, str]:
    return {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": base}


def streaming(data: bytes, size: int = 37) -> Any:
    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(data), size):
            yield data[at : at + size]
            await anyio.lowlevel.checkpoint()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await StreamingResponse(chunks(), media_type="text/event-stream")(scope, receive, send)

    return app


def cut(data: bytes) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream"), (b"transfer-encoding", b"chunked")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if data:
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await anyio.sleep(0.05)

    return app


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


@pytest.mark.parametrize(
    ("api", "path"), [("chat", "chat/completions"), ("responses", "responses"), ("messages", "messages?beta=true")]
)
async def test_streams_pass_byte_for_byte(serve: Any, upstream: Any, api: str, path: str) -> None:
    upstream.answers = [streaming(golden(f"{api}.sse"))]
    body = msgspec.json.encode(
        {"model": "asked", "stream": True, "messages": [], "stream_options": {"include_usage": True}, "odd": 1e400}
        if api == "chat"
        else {"model": "asked", "stream": True, "input": "a", "messages": []}
    )
    async with serve(f"{upstream.base}/v1#real", environ={}) as served:
        got = await served.http.post(f"/v1/{path}", content=body)
        assert got.content == golden(f"{api}.sse")
        assert served.response()["usage"]
    call = served.calls[0]
    assert (call.api, call.status, call.model_asked, call.model_served) == (api, 200, "asked", "demo")
    assert call.usage == (Usage(900, 33, 50, 0, 7) if api != "messages" else Usage(900, 33, 50))
    assert call.finish_reason == {"chat": "tool_calls", "responses": "completed", "messages": "tool_use"}[api]
    assert (call.cost, call.backend, call.error) == (None, "http", "")
    assert call.first_token_ms is not None
    sent = upstream.requests[0]
    assert sent.url.raw_path == f"/v1/{path}".encode()
    assert sent.content == body.replace(b'"asked"', b'"real"')


async def test_whole_answers_pass_byte_for_byte(serve: Any, upstream: Any) -> None:
    answer = b'{ "model":"gpt-5-2025-08-07", "choices":[{"finish_reason":"stop","message":{"content":"\\u00e4"}}],' + (
        b' "usage":{"prompt_tokens":1000000,"completion_tokens":10,"prompt_tokens_details":{"cached_tokens":400000}}}'
    )
    upstream.answers = [Response(answer, media_type="application/json")]
    async with serve("openai/gpt-5", environ=openai(upstream.base)) as served:
        got = await served.http.post("/v1/chat/completions", json=CHAT, headers={"authorization": "Bearer sandbox"})
    assert got.content == answer
    assert upstream.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert msgspec.json.decode(upstream.requests[0].content) == CHAT | {"model": "gpt-5"}
    call = served.calls[0]
    assert (call.model_served, call.finish_reason) == ("gpt-5-2025-08-07", "stop")
    assert call.usage == Usage(600_000, 10, 400_000)
    assert call.cost == pytest.approx(0.6 * 1.25 + 0.4 * 0.125 + 10e-6 * 10)


async def test_anthropic_gets_its_own_headers(serve: Any, upstream: Any) -> None:
    usage = {
        "input_tokens": 10,
        "output_tokens": 5,
        "cache_creation_input_tokens": 100,
        "cache_read_input_tokens": 1000,
    }
    usage["cache_creation"] = {"ephemeral_5m_input_tokens": 40, "ephemeral_1h_input_tokens": 60}  # type: ignore[assignment]
    answer = {"model": "claude-haiku-4-5-20251001", "content": [], "stop_reason": "end_turn", "usage": usage}
    upstream.answers = [
        JSONResponse(answer, headers={"request-id": "r1", "set-cookie": "c", "openai-organization": "o"})
    ]
    async with serve("anthropic/claude-haiku-4-5", environ=anthropic(upstream.base)) as served:
        headers = {"x-api-key": "sandbox", "anthropic-beta": "b1", "x-loopwright-conversation": "c"}
        got = await served.http.post("/v1/messages?beta=true", json=CHAT, headers=headers)
    sent = upstream.requests[0].headers
    assert (sent["x-api-key"], sent["anthropic-beta"], sent["anthropic-version"]) == (KEY, "b1", "2023-06-01")
    assert "authorization" not in sent
    assert "x-loopwright-conversation" not in sent
    assert got.headers["request-id"] == "r1"
    assert not {"set-cookie", "openai-organization"} & set(got.headers)
    assert served.calls[0].usage == Usage(10, 5, 1000, 100)
    assert served.calls[0].cost == pytest.approx((10 * 1 + 5 * 5 + 1000 * 0.1 + 40 * 1.25 + 60 * 2) / 1e6)


async def test_an_api_that_the_provider_does_not_speak(serve: Any, upstream: Any) -> None:
    async with serve("openai/gpt-5", environ=openai(upstream.base)) as served:
        got = await served.http.post("/v1/messages", json=CHAT)
    assert got.status_code == 400
    assert "openai does not speak Anthropic's messages API" in got.json()["error"]["message"]
    assert upstream.requests == []


async def test_usage_is_asked_for_and_kept_from_an_agent_that_did_not_ask(serve: Any, upstream: Any) -> None:
    stream = golden("chat.sse")
    upstream.answers = [streaming(stream)]
    async with serve(f"{upstream.base}/v1#m", environ={}) as served:
        got = await served.http.post("/v1/chat/completions", json=CHAT | {"stream": True})
    assert msgspec.json.decode(upstream.requests[0].content)["stream_options"] == {"include_usage": True}
    events = stream.split(b"\n\n")
    assert got.content == b"\n\n".join(event for event in events if b'"usage"' not in event)
    assert served.calls[0].usage.total == 983


async def test_openrouters_own_charge_is_believed(serve: Any, upstream: Any) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "cost": 0.25}
    upstream.answers = [JSONResponse({"model": "openai/gpt-5", "choices": [], "usage": usage})]
    environ = {"OPENROUTER_API_KEY": KEY, "OPENROUTER_BASE_URL": f"{upstream.base}/v1"}
    async with serve("openrouter/openai/gpt-5", environ=environ) as served:
        await served.http.post("/v1/chat/completions", json=CHAT)
    assert served.calls[0].cost == 0.25


async def test_a_rate_limit_is_waited_out(serve: Any, upstream: Any) -> None:
    limited = JSONResponse({"error": {"message": "slow down"}}, 429, headers={"retry-after": "0.2"})
    upstream.answers = [limited, OVERLOADED, JSONResponse({"choices": [], "usage": {"prompt_tokens": 3}})]
    async with serve(f"{upstream.base}/v1#m", environ={}) as served:
        got = await served.http.post("/v1/chat/completions", json=CHAT)
    assert got.status_code == 200
    assert (served.calls[0].retries, len(upstream.requests)) == (2, 3)
    assert served.calls[0].latency_ms > 200


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (401, b'{"error": {"message": "wrong key sk-planted-0123456789"}}', {}),
        (400, b"not json", {}),
        (429, b'{"error": {"code": "insufficient_quota", "message": "pay"}}', {}),
        (429, b'{"error": {"message": "later"}}', {"retry-after": "3600"}),
    ],
)
async def test_what_no_retry_helps_is_passed_on_at_once(
    serve: Any, upstream: Any, status: int, body: bytes, headers: dict[str, str]
) -> None:
    upstream.answers = [Response(body, status, headers)]
    async with serve("openai/gpt-5", environ=openai(upstream.base)) as served:
        got = await served.http.post("/v1/chat/completions", json=CHAT)
        recorded = msgspec.json.encode(served.response())
    assert (got.status_code, len(upstream.requests)) == (status, 1)
    assert got.content == body.replace(KEY.encode(), b"[key]")
    assert {name: got.headers.get(name) for name in headers} == headers
    call = served.calls[0]
    assert (call.status, call.cost, call.usage) == (status, 0.0, Usage())
    assert call.error
    assert KEY not in repr(call) + recorded.decode()


async def test_a_provider_that_is_not_there(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopwright.gateway.provider.retry._FIRST_WAIT", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with serve(f"http://127.0.0.1:{port}/v1#m", environ={}) as served:
        got = await served.http.post("/v1/chat/completions", json=CHAT)
    assert got.status_code == 502
    assert "could not be reached" in got.json()["error"]["message"]
    assert (served.calls[0].retries, served.calls[0].status, served.calls[0].cost) == (4, 502, 0.0)


async def test_a_cut_before_the_first_byte_is_tried_again(serve: Any, upstream: Any) -> None:
    upstream.answers = [cut(b""), streaming(golden("messages.sse"))]
    async with serve("anthropic/x", environ=anthropic(upstream.base)) as served:
        got = await served.http.post("/v1/messages", json=CHAT | {"stream": True})
    assert got.content == golden("messages.sse")
    assert served.calls[0].retries == 1


@pytest.mark.parametrize("api", ["chat", "responses", "messages"])
async def test_a_cut_stream_is_cut_for_the_agent_and_recorded_as_seen(serve: Any, upstream: Any, api: str) -> None:
    path = {"chat": "chat/completions", "responses": "responses", "messages": "messages"}[api]
    half = golden(f"{api}.sse")[:1500]
    upstream.answers = [cut(half)]
    received = bytearray()
    async with serve(f"{upstream.base}/v1#m", environ={}) as served:
        with pytest.raises(httpx2.RemoteProtocolError):
            await read_into(received, served.http, f"/v1/{path}")
        seen = msgspec.json.encode(served.response())
    assert received == half
    assert len(upstream.requests) == 1
    call = served.calls[0]
    assert "cut" in call.error
    assert call.usage.input_tokens > 0
    assert b"demo" in seen


async def read_into(received: bytearray, http: httpx2.AsyncClient, path: str) -> None:
    async with http.stream("POST", path, json=CHAT | {"stream": True}) as got:
        async for chunk in got.aiter_raw():
            received += chunk


async def test_an_agent_that_hangs_up_ends_the_call_and_is_recorded(serve: Any, upstream: Any) -> None:
    left = anyio.Event()

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": golden("messages.sse")[:900], "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        left.set()

    upstream.answers = [endless]
    async with serve("anthropic/x", environ=anthropic(upstream.base)) as served:
        async with served.http.stream("POST", "/v1/messages", json=CHAT | {"stream": True}) as got:
            await anext(got.aiter_raw())
        with anyio.fail_after(60):
            await left.wait()
        await until(lambda: bool(served.calls))
    assert "hung up" in served.calls[0].error
    assert served.calls[0].usage.input_tokens == 900
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", served.calls[0].timestamp)


async def test_an_unknown_charge_is_no_zero_and_does_not_end_a_run_with_a_cost_limit(serve: Any, upstream: Any) -> None:
    half = golden("chat.sse")[:700]
    upstream.answers = [cut(half), JSONResponse({"choices": [], "usage": {"prompt_tokens": 1_000_000}})]
    limits = Limits(max_cost=1.0)
    async with serve("openai/gpt-5", environ=openai(upstream.base), limits=limits) as served:
        with pytest.raises(httpx2.RemoteProtocolError):
            await read_into(bytearray(), served.http, "/v1/chat/completions")
        assert served.calls[0].cost is None
        assert served.gateway.cost is None
        assert (await served.http.post("/v1/chat/completions", json=CHAT)).status_code == 200
        got = await served.http.post("/v1/chat/completions", json=CHAT)
        assert got.json()["error"]["code"] == "cost_limit"
        assert served.gateway.exhausted == "cost_limit"
    recorded = list(served.calls)
    async with serve("openai/gpt-5", environ=openai(upstream.base), limits=limits, spent=(None, 9)) as served:
        served.gateway.restore(recorded)
        got = await served.http.post("/v1/chat/completions", json=CHAT)
        assert got.json()["error"]["code"] == "cost_limit"


async def test_an_agent_that_hangs_up_before_any_answer(serve: Any, upstream: Any) -> None:
    arrived, left = anyio.Event(), anyio.Event()

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        arrived.set()
        while (await receive())["type"] != "http.disconnect":
            pass
        left.set()

    upstream.answers = [silent]
    async with serve(f"{upstream.base}/v1#m", environ={}) as served, anyio.create_task_group() as group:

        async def ask() -> None:
            await served.http.post("/v1/chat/completions", json=CHAT)

        group.start_soon(ask)
        await arrived.wait()
        group.cancel_scope.cancel()
        with anyio.fail_after(60, shield=True):
            await left.wait()
        await until(lambda: bool(served.calls))
    assert (served.calls[0].status, served.calls[0].cost) == (0, None), "what was charged is not known"


async def test_a_stream_without_usage_is_estimated_and_marked(serve: Any, upstream: Any) -> None:
    stream = b'data: {"model":"m","choices":[{"index":0,"delta":{"content":"hello"}}]}\n\ndata: [DONE]\n\n'
    upstream.answers = [streaming(stream)]
    async with serve(f"{upstream.base}/v1#m", environ={}) as served:
        await served.http.post("/v1/chat/completions", json=CHAT | {"stream": True})
        assert served.response()["usage_estimated"] is True
    assert served.calls[0].usage.input_tokens > 10
    assert served.calls[0].usage.output_tokens > 5


async def test_an_unknown_price_and_a_cost_limit_do_not_go_together(serve: Any, upstream: Any) -> None:
    with pytest.raises(UsageError, match=r"price of http.* is not in the price table of \d{4}"):
        async with serve(f"{upstream.base}/v1#m", environ={}, limits=Limits(max_cost=1.0)):
            pass


async def test_a_cost_limit_that_comes_later_is_refused_to_the_agent(serve: Any, upstream: Any) -> None:
    upstream.answers = [JSONResponse({"choices": [], "usage": {"prompt_tokens": 3}})]
    async with serve(f"{upstream.base}/v1#m", environ={}) as served:
        assert (await served.http.post("/v1/chat/completions", json=CHAT)).status_code == 200
        assert served.gateway.cost is None
        served.gateway.limits = Limits(max_cost=1.0)
        got = await served.http.post("/v1/chat/completions", json=CHAT)
        assert served.gateway.exhausted is None
    assert got.json()["error"]["code"] == "price_unknown"
    assert len(upstream.requests) == 1


async def test_tokens_are_counted_by_the_provider_and_cost_nothing(serve: Any, upstream: Any) -> None:
    upstream.answers = [JSONResponse({"input_tokens": 1234})]
    async with serve("anthropic/x", environ=anthropic(upstream.base)) as served:
        got = await served.http.post("/v1/messages/count_tokens?beta=true", json=CHAT)
        assert served.calls == []
    assert got.json() == {"input_tokens": 1234}
    assert upstream.requests[0].url.path == "/v1/messages/count_tokens"
    assert msgspec.json.decode(upstream.requests[0].content)["model"] == "x"


async def test_the_key_is_taken_out_of_streams_and_the_record(serve: Any, upstream: Any) -> None:
    leaky = golden("chat.sse").replace(b"Looking in p", KEY.encode())
    upstream.answers = [streaming(leaky, size=10_000)]
    async with serve("openai/x", environ=openai(upstream.base)) as served:
        got = await served.http.post("/v1/chat/completions", json=CHAT | {"stream": True})
        recorded = msgspec.json.encode(served.response())
    assert KEY.encode() not in got.content + recorded
    assert b"[key]" in got.content


async def test_twenty_calls_at_once_are_not_mixed_up(serve: Any, upstream: Any) -> None:
    async def echo(scope: Any, receive: Any, send: Any) -> None:
        said = msgspec.json.decode(upstream.requests[-1].content)["messages"][0]["content"]
        await anyio.sleep(random.random() / 20)
        answer = {"choices": [{"message": {"content": said}}], "usage": {"prompt_tokens": int(said)}}
        await JSONResponse(answer)(scope, receive, send)

    upstream.answers = [echo]
    async with serve(f"{upstream.base}/v1#m", environ={}) as served:

        async def one(number: int) -> None:
            body = {"model": "m", "messages": [{"role": "user", "content": str(number)}]}
            got = await served.http.post("/v1/chat/completions", json=body)
            assert got.json()["choices"][0]["message"]["content"] == str(number)

        async with anyio.create_task_group() as group:
            for number in range(1, 21):
                group.start_soon(one, number)
    assert sorted(call.usage.input_tokens for call in served.calls) == list(range(1, 21))
    assert [call.call for call in served.calls] == list(range(1, 21))
    assert served.gateway.tokens == sum(range(1, 21))
