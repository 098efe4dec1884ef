"""A provider that gives no answer is told apart from an agent that fails."""

from __future__ import annotations

import socket
from typing import Any

import anyio
import httpx2
import pytest
from starlette.responses import JSONResponse, Response

pytestmark = pytest.mark.anyio

KEY = "sk-planted-0123456789"
CHAT = {"model": "asked", "messages": [{"role": "user", "content": "hi"}]}
FINE = JSONResponse({"choices": [], "usage": {"prompt_tokens": 3}})


def openai(base: str) -> dict[str, str]:
    return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{base}/v1"}


async def ask(served: Any) -> int:
    return int((await served.http.post("/v1/chat/completions", json=CHAT)).status_code)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopwright.gateway.provider.retry._FIRST_WAIT", 0.01)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "Check the key in OPENAI_API_KEY"),
        (403, "Check the key in OPENAI_API_KEY"),
        (402, "quota"),
        (429, "quota"),
        (404, "serves the model gpt-5"),
        (500, "Try again later"),
        (503, "Try again later"),
    ],
)
async def test_a_refusal_says_who_what_and_what_to_check(serve: Any, upstream: Any, status: int, advice: str) -> None:
    upstream.answers = [Response(b"{}", status)]
    environ = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": upstream.base.replace("//", "//user:secret@") + "/v1"}
    async with serve("openai/gpt-5", environ=environ) as served:
        assert await ask(served) == status
        text = str(served.gateway.outage)
        assert f"{upstream.base}/v1 answered HTTP {status}" in text
        assert advice in text
        assert "secret" not in text
        upstream.answers = [FINE]
        assert await ask(served) == 200
        assert served.gateway.outage is None


# As the providers answer, word for word but for names.
BODIES = {
    "openai, wrong key": (
        "wrong_key",
        401,
        {
            "message": "Incorrect API key provided: sk-pl***6789. You can find your API key at https://example.org.",
            "type": "invalid_request_error",
            "param": None,
            "code": "invalid_api_key",
        },
    ),
    "openai, no credit": (
        "no_credit",
        429,
        {
            "message": "You exceeded your current quota, please check your plan and billing details.",
            "type": "insufficient_quota",
            "param": None,
            "code": "insufficient_quota",
        },
    ),
    "openai, too many": (
        "rate_limit",
        429,
        {"message": "Rate limit reached for gpt-5 on tokens per min", "type": "tokens", "code": "rate_limit_exceeded"},
    ),
    "openai, unknown model": (
        "unknown_model",
        404,
        {
            "message": "The model `gpt-55` does not exist or you do not have access to it.",
            "type": "invalid_request_error",
            "param": None,
            "code": "model_not_found",
        },
    ),
    "anthropic, wrong key": ("wrong_key", 401, {"type": "authentication_error", "message": "invalid x-api-key"}),
    "anthropic, no credit": (
        "no_credit",
        400,
        {"type": "invalid_request_error", "message": "Your credit balance is too low to access the Anthropic API."},
    ),
    "anthropic, unknown model": ("unknown_model", 404, {"type": "not_found_error", "message": "model: claude-x"}),
    "anthropic, overloaded": ("outage", 529, {"type": "overloaded_error", "message": "Overloaded"}),
    "openrouter, no credit": ("no_credit", 402, {"code": 402, "message": "Insufficient credits"}),
    "openrouter, unknown model": ("unknown_model", 400, {"code": 400, "message": "x/y is not a valid model ID"}),
}


@pytest.mark.parametrize("name", BODIES)
async def test_the_kind_of_a_refusal(serve: Any, upstream: Any, name: str) -> None:
    kind, status, error = BODIES[name]
    upstream.answers = [JSONResponse({"type": "error", "error": error}, status)]
    async with serve("openai/gpt-5", environ=openai(upstream.base)) as served:
        assert await ask(served) == status
        assert served.gateway.refusal.kind == kind
        assert served.gateway.outage == served.gateway.refusal.message
    assert len(upstream.requests) == (5 if kind in ("rate_limit", "outage") else 1)


async def test_no_key_is_told(serve: Any, upstream: Any) -> None:
    upstream.answers = [Response(b"{}", 401)]
    async with serve(f"{upstream.base}/v1#m", environ={}) as served:
        await ask(served)
    assert "Put a key into LOOPWRIGHT_API_KEY" in served.gateway.outage
    assert served.gateway.refusal.kind == "no_key"


async def test_a_request_that_is_wrong_is_the_agents_own(serve: Any, upstream: Any) -> None:
    upstream.answers = [Response(b"{}", 400)]
    async with serve(f"{upstream.base}/v1#m", environ={}) as served:
        assert await ask(served) == 400
    assert served.gateway.outage is None


async def test_nobody_there(serve: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    async with serve(f"{base}#m", environ={}) as served:
        assert await ask(served) == 502
    assert f"{base} gave no answer" in served.gateway.outage
    assert served.gateway.refusal.kind == "outage"
    assert served.calls[0].waited_ms > 0
    assert served.calls[0].cost == 0.0, "what was never sent costs nothing"


async def test_an_agent_that_gives_up_waiting_for_retries(serve: Any, upstream: Any) -> None:
    upstream.answers = [Response(b"{}", 503, {"retry-after": "30"})]
    async with serve(f"{upstream.base}/v1#m", environ={}) as served:
        with anyio.move_on_after(0.5):
            await ask(served)
        with anyio.fail_after(5):
            while not served.calls:  # noqa: ASYNC110 - the record is a list, and nobody tells of it
                await anyio.sleep(0.01)
    assert "answered HTTP 503" in served.gateway.outage


async def test_a_stream_that_breaks(serve: Any, upstream: Any) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream"), (b"transfer-encoding", b"chunked")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        body = b'data: {"model":"m","choices":[{"index":0,"delta":{"content":"hello"}}]}\n\n'
        await send({"type": "http.response.body", "body": body, "more_body": True})

    upstream.answers = [broken]
    async with serve(f"{upstream.base}/v1#m", environ={}) as served:
        with pytest.raises(httpx2.RemoteProtocolError):
            await served.http.post("/v1/chat/completions", json=CHAT | {"stream": True})
    assert "gave no answer" in served.gateway.outage
