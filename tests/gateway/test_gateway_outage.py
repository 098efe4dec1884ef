"""A provider that gives no answer is told apart from an agent that fails."""

from __future__ import annotations

import socket
from typing import Any

import anyio
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import JSONResponse, Response
from tests.gateway.patience import until

from loopwright.gateway.provider.outage import own_words

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
        async with anyio.create_task_group() as group:
            group.start_soon(ask, served)
            await until(lambda: served.gateway.waiting)
            group.cancel_scope.cancel()
        await until(lambda: bool(served.calls))
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


async def test_the_providers_own_words_are_told_without_the_key(serve: Any, upstream: Any) -> None:
    said = f"The key {KEY} of Acme\x1b[31m\nis \u202espent. " + "Ask Eve. " * 99
    upstream.answers = [JSONResponse({"error": {"message": said}}, 402)]
    async with serve("openai/gpt-5", environ=openai(upstream.base)) as served:
        await ask(served)
    text = str(served.gateway.outage)
    assert 'answered HTTP 402: "The key [key] of Acme' in text
    assert "Check the quota" in text
    assert KEY not in text
    assert text.isprintable()
    assert len(text) < 600


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": {"message": "a"}}', "a"),
        (b'[{"error": {"message": "a"}}]', "a"),
        (b'{"error": "a"}', "a"),
        (b'{"detail": "a"}', "a"),
        (b'{"error": {"message": 7}, "message": "a"}', "a"),
        (b"no such host\n", "no such host"),
        (b"<html>nginx</html>", ""),
        (b'{"error": {"mess', ""),
        (b"[" * 100_000, ""),
        (b"7", ""),
        (b"", ""),
    ],
)
def test_where_a_provider_puts_its_words(body: bytes, words: str) -> None:
    assert own_words(body) == words


@given(st.binary(max_size=200))
def test_any_body_gives_one_short_line(body: bytes) -> None:
    words = own_words(body)
    assert len(words) <= 300
    assert "\n" not in words


RESPONSES = {"model": "asked", "input": "hi", "stream": True}
MESSAGES = {"model": "asked", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 9000, "stream": True}


@pytest.mark.parametrize(
    ("path", "body", "name", "told"),
    [
        ("/v1/responses", RESPONSES, "thread-id", 400),
        ("/v1/messages", MESSAGES, "x-claude-code-session-id", 402),
        ("/v1/chat/completions", CHAT, "x-session-id", 400),
        ("/v1/chat/completions", CHAT, "x-loopwright-conversation", None),
        ("/v1/chat/completions", CHAT, "x-other", None),
    ],
)
@pytest.mark.parametrize("status", [401, 404, 429, 503])
async def test_agents_that_would_ask_for_ever_are_told_that_it_is_over(
    serve: Any, upstream: Any, path: str, body: Any, name: str, told: int | None, status: int
) -> None:
    upstream.answers = [JSONResponse({"error": {"message": "Rate limit of 7 exceeded"}}, status)]
    async with serve(f"{upstream.base}/v1#m", environ={}) as served:
        got = await served.http.post(path, json=body, headers={name: "s"})
    call, words = served.calls[-1], got.json()["error"]["message"]
    assert (got.status_code, call.status) == (told or status, told or status)
    if told is None:
        assert words == "Rate limit of 7 exceeded"
        return
    assert got.headers["x-should-retry"] == "false"
    assert not any(letter.isdigit() for letter in words), "some agents ask again where they read a number"
    assert "exceeded" not in words
    assert f"HTTP {status}" in call.error
    assert "Rate limit of 7 exceeded" in call.error
    provider = {"status": status, "body": {"error": {"message": "Rate limit of 7 exceeded"}}}
    assert served.response()["provider"] == provider
    assert "Rate limit of 7 exceeded" in served.gateway.outage


async def test_an_agent_may_wait_longer_than_we_do(serve: Any, upstream: Any) -> None:
    upstream.answers = [Response(b"{}", 429, {"retry-after": "300"})]
    async with serve(f"{upstream.base}/v1#m", environ={}) as served:
        got = await served.http.post("/v1/responses", json=RESPONSES, headers={"thread-id": "s"})
    assert (got.status_code, got.headers["retry-after"]) == (429, "300")


async def test_nobody_there_is_final_for_an_agent_that_would_ask_again(serve: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    async with serve(f"{base}#m", environ={}) as served:
        got = await served.http.post("/v1/responses", json=RESPONSES, headers={"thread-id": "s"})
    assert got.status_code == 400


async def test_waiting_is_told_at_once_and_once_an_outage(serve: Any, upstream: Any) -> None:
    told: list[tuple[str, str]] = []
    slow = Response(b'{"error": "the engine room is flooded"}', 503, {"retry-after": "30"})
    async with serve(f"{upstream.base}/v1#m", environ={}, on_notice=lambda *notice: told.append(notice)) as served:
        upstream.answers = [slow]
        async with anyio.create_task_group() as group:
            group.start_soon(ask, served)
            await until(lambda: served.gateway.waiting)
            assert [code for code, _ in told] == ["provider_waits"], "before the wait, not after it"
            group.cancel_scope.cancel()
        busy = Response(b"{}", 503)
        upstream.answers = [busy, busy, FINE, FINE, busy, FINE]
        assert [await ask(served) for _ in range(3)] == [200, 200, 200]
    assert "the engine room is flooded" in told[0][1]
    assert "up to 4 times" in told[0][1]
    assert "up to 8 times" in told[1][1]
    assert len(told) == 2


async def test_a_provider_that_has_answered_is_waited_for_longer(serve: Any, upstream: Any) -> None:
    upstream.answers = [FINE, Response(b"{}", 503)]
    async with serve(f"{upstream.base}/v1#m", environ={}) as served:
        assert [await ask(served), await ask(served)] == [200, 503]
    assert [call.retries for call in served.calls] == [0, 8]
