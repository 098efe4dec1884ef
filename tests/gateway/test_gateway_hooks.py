"""What a run hears from its gateway while calls are under way."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from starlette.responses import JSONResponse, Response, StreamingResponse
from tests.gateway.patience import until

from loopwright.gateway._answered import answered_calls

pytestmark = pytest.mark.anyio

GOLDEN = Path(__file__).parent.parent / "golden" / "wire"
TOOLS = [{"type": "function", "function": {"name": "run_shell", "parameters": {}}}]
CHAT: dict[str, Any] = {"model": "asked", "messages": [{"role": "user", "content": "hi"}], "tools": TOOLS}
STREAM = CHAT | {"stream": True, "stream_options": {"include_usage": True}}
MESSAGES = {"max_tokens": 999, "stream": True, "tools": [{"name": "x"}], "messages": CHAT["messages"]}
RESPONSES = {"stream": True, "tools": [{"type": "function", "name": "x"}], "input": "hi"}
BODIES = {"chat/completions": STREAM, "messages": MESSAGES, "responses": RESPONSES}


async def test_the_call_waits_for_what_must_be_on_record_first(serve: Any, script: Callable[[str], str]) -> None:
    order: list[str] = []
    asked, drained = anyio.Event(), anyio.Event()

    async def before(_: frozenset[str]) -> None:
        order.append(f"asked, {served.gateway.in_flight} under way")
        asked.set()
        await drained.wait()
        order.append("drained")

    async def ask() -> None:
        await served.http.post("/v1/chat/completions", json=CHAT)
        order.append("answered")

    async with serve(script("  - say: a\n"), before_call=before) as served, anyio.create_task_group() as group:
        group.start_soon(ask)
        await asked.wait()
        await anyio.sleep(0.1)  # nothing more may happen
        assert (order, served.calls) == (["asked, 1 under way"], [])
        drained.set()
    assert order == ["asked, 1 under way", "drained", "answered"]
    assert served.gateway.in_flight == 0


_DONE = {"type": "function_call", "call_id": "old"}
_ANSWERS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, set()),
    ({"messages": "no list"}, set()),
    ({"messages": [{"role": "tool", "tool_call_id": "old"}, {"role": "assistant"}, {"role": "user"}]}, set()),
    ({"messages": [{"role": "assistant"}, *({"role": "tool", "tool_call_id": name} for name in "ab")]}, {"a", "b"}),
    ({"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}, "x"]}]}, {"a"}),
    (
        {"input": [_DONE, {"type": "function_call_output", "call_id": "a"}, {"role": "user", "content": "Go on."}]},
        {"a"},
    ),
    ({"input": [{"type": "function_call_output", "call_id": "old"}, {"type": "reasoning"}, 7]}, set()),
]


@pytest.mark.parametrize(("request_", "ids"), _ANSWERS)
def test_the_calls_whose_results_are_new(request_: dict[str, Any], ids: set[str]) -> None:
    assert answered_calls(request_) == ids


@pytest.mark.parametrize(("path", "name"), [("chat/completions", "chat"), ("messages",) * 2, ("responses",) * 2])
async def test_a_providers_stream_is_shown_as_it_comes(serve: Any, upstream: Any, path: str, name: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        data = (GOLDEN / f"{name}.sse").read_bytes()
        for at in range(0, len(data), 100):
            yield data[at : at + 100]

    upstream.answers = [StreamingResponse(chunks(), media_type="text/event-stream")]
    shown: list[tuple[str, str]] = []
    hear = lambda kind, text: shown.append((kind, text))  # noqa: E731
    async with serve(f"{upstream.base}/v1#m", environ={}, on_text=hear) as served:
        await served.http.post(f"/v1/{path}", json=BODIES[path])
    told = {kind: "".join(text for one, text in shown if one == kind) for kind in ("reasoning", "text")}
    assert told == {"reasoning": "Two things to look at.", "text": "Looking in parallel."}
    assert len(shown) > 2


async def test_a_scripted_reply_is_shown_and_a_title_is_not(serve: Any, script: Callable[[str], str]) -> None:
    shown: list[tuple[str, str]] = []
    hear = lambda kind, text: shown.append((kind, text))  # noqa: E731
    async with serve(script("  - {say: a, think: b}\n"), on_text=hear) as served:
        await served.http.post("/v1/chat/completions", json={**STREAM, "tools": []})
        assert shown == []
        await served.http.post("/v1/chat/completions", json=STREAM, headers={"x-parent-session-id": "p"})
        assert shown == []
        await served.http.post("/v1/chat/completions", json=STREAM, headers={"x-session-id": "s"})
    assert shown == [("reasoning", "b"), ("text", "a")]
    assert [call.purpose for call in served.calls] == ["side", "subagent", "turn"]
    assert served.calls[2].conversation == "s"


async def test_waiting_for_a_rate_limit_is_seen_and_summed(serve: Any, upstream: Any) -> None:
    upstream.answers = [Response(b"{}", 429, {"retry-after-ms": "500"}), JSONResponse({"choices": []})]
    async with serve(f"{upstream.base}/v1#m", environ={}) as served:
        gateway = served.gateway
        before, began = gateway.last_activity, time.monotonic()
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: served.http.post("/v1/chat/completions", json=CHAT))
            await until(lambda: gateway.waiting)
            assert gateway.in_flight == 1
            so_far = gateway.waited_seconds
            await anyio.sleep(0.1)
            assert so_far + 0.09 < gateway.waited_seconds < time.monotonic() - began
        assert not gateway.waiting
        assert 0.49 < gateway.waited_seconds < time.monotonic() - began
        assert served.calls[0].waited_ms == pytest.approx(gateway.waited_seconds * 1000, rel=0.5)
        assert gateway.last_activity > before
    async with serve(f"{upstream.base}/v1#m", environ={}) as resumed:
        resumed.gateway.restore(served.calls)
        assert resumed.gateway.waited_seconds == pytest.approx(served.calls[0].waited_ms / 1000)


async def test_time_in_which_another_call_works_is_not_waiting(serve: Any, upstream: Any) -> None:
    begun, over = anyio.Event(), anyio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        begun.set()
        await over.wait()
        await JSONResponse({"choices": []})(scope, receive, send)

    upstream.answers = [slow, Response(b"{}", 429, {"retry-after-ms": "200"}), JSONResponse({"choices": []})]
    async with serve(f"{upstream.base}/v1#m", environ={}) as served, anyio.create_task_group() as group:
        group.start_soon(lambda: served.http.post("/v1/chat/completions", json=CHAT))
        await begun.wait()
        await served.http.post("/v1/chat/completions", json=CHAT)
        over.set()
    assert sum(call.waited_ms for call in served.calls) >= 200
    assert served.gateway.waited_seconds == 0
