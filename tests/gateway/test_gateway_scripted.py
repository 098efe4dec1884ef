"""A script through all three APIs: golden streams, and the official SDK as the reader."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from openai import AsyncOpenAI, BadRequestError

from loopwright.gateway.sse import SseParser
from loopwright.record import Limits, ScriptPosition, Usage

pytestmark = pytest.mark.anyio

GOLDEN = Path(__file__).parent.parent / "golden" / "wire"
NATIVE = ("write_file", "edit_file", "run_shell", "run_tests")
CLAUDE = ("Bash", "Read", "Write", "Edit", "mcp__lab__run_tests")

REPLIES = """
  - think: Two things to look at.
    say: Looking in parallel.
    calls:
      - write: {path: a.py, text: "def add(a, b):\\n    return a - b\\n"}
      - shell: ls
      - run_tests: tests/a
    usage: {input: 900, output: 33, cache_read: 50, reasoning: 7}
  - say: Done.
"""


def chat(*names: str) -> dict[str, Any]:
    tools = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in names]
    return {"model": "asked", "messages": [{"role": "user", "content": "go"}], "tools": tools}


def responses() -> dict[str, Any]:
    tools: list[dict[str, Any]] = [
        {"type": "function", "name": "exec_command", "parameters": {"type": "object"}},
        {"type": "namespace", "name": "mcp__lab", "tools": [{"type": "function", "name": "run_tests"}]},
    ]
    content = [{"type": "input_text", "text": "go"}]
    return {"model": "asked", "input": [{"type": "message", "role": "user", "content": content}], "tools": tools}


def messages() -> dict[str, Any]:
    tools = [{"name": name, "input_schema": {"type": "object"}} for name in CLAUDE]
    return {"model": "asked", "max_tokens": 9000, "messages": [{"role": "user", "content": "go"}], "tools": tools}


WIRES = {
    "chat": ("/v1/chat/completions", chat(*NATIVE) | {"stream_options": {"include_usage": True}}),
    "responses": ("/v1/responses", responses()),
    "messages": ("/v1/messages?beta=true", messages()),
}


def sdk(socket: Path) -> AsyncOpenAI:
    transport = httpx2.AsyncHTTPTransport(uds=str(socket))
    http = httpx2.AsyncClient(transport=transport, timeout=100)
    return AsyncOpenAI(base_url="http://gateway/v1", api_key="x", http_client=http, max_retries=0)


@pytest.mark.parametrize("api", WIRES)
@pytest.mark.parametrize("streamed", [True, False])
async def test_the_golden_bytes(serve: Any, script: Callable[..., str], api: str, streamed: bool) -> None:
    """Set UPDATE_GOLDEN=1 to write the files anew, and read the difference before committing it."""
    path, body = WIRES[api]
    if not streamed:
        body = {key: value for key, value in body.items() if key != "stream_options"}
    async with serve(script(REPLIES)) as served:
        got = await served.http.post(path, json=body | {"stream": streamed})
    assert got.status_code == 200
    golden = GOLDEN / f"{api}.{'sse' if streamed else 'json'}"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_bytes(got.content)
    assert got.content == golden.read_bytes()
    expected = "text/event-stream" if streamed else "application/json"
    assert got.headers["content-type"] == expected


@pytest.mark.parametrize("api", WIRES)
async def test_the_record_of_a_stream_is_the_whole_answer(serve: Any, script: Callable[..., str], api: str) -> None:
    path, body = WIRES[api]
    async with serve(script(REPLIES)) as served:
        await served.http.post(path, json=body | {"stream": True})
        call = served.calls[0]
        assert served.response() == msgspec.json.decode((GOLDEN / f"{api}.json").read_bytes())
        assert served.request() == body | {"stream": True}
    assert (call.api, call.model_asked, call.model_served, call.backend) == (api, "asked", "demo", "scripted")
    assert (call.call, call.status, call.streamed, call.error) == (1, 200, True, "")
    assert call.usage == Usage(900, 33, 50, 0, 7)
    assert call.cost == 0.0
    assert call.first_token_ms is not None
    assert 0 <= call.first_token_ms <= call.latency_ms
    assert call.script is not None
    assert (call.script.reply, call.script.served, call.script.cursor) == (0, 1, 1)


async def test_the_watchers_assemble_our_own_streams() -> None:
    """What the provider side makes of a stream is what we would have sent whole."""
    from loopwright.gateway.wire.registry import WIRES as ALL

    for wire in ALL:
        watcher = wire.watcher()
        for event in SseParser().feed((GOLDEN / f"{wire.api}.sse").read_bytes()):
            watcher.event(event)
        whole = msgspec.json.decode((GOLDEN / f"{wire.api}.json").read_bytes())
        got = watcher.assembled()
        for choice in got.get("choices", ()):
            assert [call.pop("index") for call in choice["message"]["tool_calls"]] == [0, 1, 2]
            choice["message"] |= {"refusal": None}
            choice |= {"logprobs": None}
        assert got == whole
        assert watcher.seen.usage is not None
        assert watcher.seen.usage.total == 983
        assert watcher.seen.complete


async def test_the_sdk_reads_chat(serve: Any, script: Callable[..., str]) -> None:
    async with serve(script(REPLIES)) as served, sdk(served.socket) as client:
        whole: Any = await client.chat.completions.create(**chat(*NATIVE))
        async with client.chat.completions.stream(**chat(*NATIVE)) as stream:
            final: Any = await stream.get_final_completion()
    for got in (whole, final):
        assert got.choices[0].finish_reason == "tool_calls"
        message = got.choices[0].message
        assert (message.content, message.reasoning_content) == ("Looking in parallel.", "Two things to look at.")
        assert [call.function.name for call in message.tool_calls] == ["write_file", "run_shell", "run_tests"]
        assert msgspec.json.decode(message.tool_calls[1].function.arguments) == {"command": "ls"}
    assert whole.usage.prompt_tokens == 950


async def test_the_sdk_reads_responses(serve: Any, script: Callable[..., str]) -> None:
    async with serve(script(REPLIES)) as served, sdk(served.socket) as client:
        whole: Any = await client.responses.create(**responses())
        async with client.responses.stream(**responses()) as stream:
            kinds = [event.type async for event in stream]
            final: Any = await stream.get_final_response()
    for got in (whole, final):
        assert [item.type for item in got.output] == ["reasoning", "message"] + ["function_call"] * 3
        assert got.output_text == "Looking in parallel."
        assert msgspec.json.decode(got.output[3].arguments) == {"cmd": "ls"}
        assert got.output[4].namespace == "mcp__lab"
        assert got.usage.total_tokens == 983
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"


async def test_messages_have_the_order_of_events_that_claude_code_accepts() -> None:
    events = list(SseParser().feed((GOLDEN / "messages.sse").read_bytes()))
    shape: list[str] = []
    for event in events:
        value = msgspec.json.decode(event.data)
        assert value["type"] == event.event
        inner = value.get("content_block") or value.get("delta") or {}
        word = f"{event.event} {inner.get('type', '')}".strip()
        if not shape or shape[-1] != word:
            shape.append(word)
    block = ["content_block_start {0}", "content_block_delta {1}", "content_block_stop"]
    tool = [word.format("tool_use", "input_json_delta") for word in block]
    assert shape == [
        "message_start",
        "content_block_start thinking",
        "content_block_delta thinking_delta",
        "content_block_delta signature_delta",
        "content_block_stop",
        *[word.format("text", "text_delta") for word in block],
        *tool,
        *tool,
        *tool,
        "message_delta",
        "message_stop",
    ]


async def test_a_conversation_moves_on_and_a_retry_does_not(serve: Any, script: Callable[..., str]) -> None:
    body = chat(*NATIVE)
    later = body | {"messages": [*body["messages"], {"role": "assistant", "content": "x"}]}
    async with serve(script(REPLIES)) as served:
        first = (await served.http.post("/v1/chat/completions", json=body)).json()
        again = (await served.http.post("/v1/chat/completions", json=body)).json()
        second = (await served.http.post("/chat/completions", json=later)).json()
    assert first == again
    assert second["choices"][0]["message"]["content"] == "Done."
    assert second["choices"][0]["finish_reason"] == "stop"
    assert [call.script and call.script.served for call in served.calls] == [1, 1, 2]


async def test_after_the_last_reply_the_script_has_ended(serve: Any, script: Callable[..., str]) -> None:
    async with serve(script("  - say: only\n")) as served:
        for words in ("a", "b", "c"):
            body = chat(*NATIVE) | {"messages": [{"role": "user", "content": "go"}, {"role": "user", "content": words}]}
            got = await served.http.post("/v1/chat/completions", json=body)
    assert got.json()["choices"][0]["message"]["content"] == "The script has ended."
    assert served.calls[-1].script is not None
    assert served.calls[-1].script.reply == -1
    assert served.gateway.refusal.kind == "ended"
    assert "The script demo has no more replies" in served.gateway.outage
    assert "number 1" in served.gateway.outage


async def test_a_new_gateway_knows_that_the_script_had_ended(serve: Any, script: Callable[..., str]) -> None:
    model, ends = script("  - say: only\n"), []
    async with serve(model) as served:
        for words in ("a", "b"):
            body = chat(*NATIVE) | {"messages": [{"role": "user", "content": "go"}, {"role": "user", "content": words}]}
            await served.http.post("/v1/chat/completions", json=body)
    for calls in (served.calls[:1], served.calls, served.calls[:0]):
        async with serve(model) as again:
            again.gateway.restore(calls)
            ends.append(again.gateway.outage)
    assert ends == [None, served.gateway.outage, None]


async def test_a_new_gateway_goes_on_where_the_record_ends(serve: Any, script: Callable[..., str]) -> None:
    model, body = script(REPLIES), chat(*NATIVE)
    async with serve(model) as served:
        first = (await served.http.post("/v1/chat/completions", json=body)).content
    later = body | {"messages": [*body["messages"], {"role": "assistant", "content": "x"}]}
    async with serve(model, next_call=2, spent=(0.5, 10)) as resumed:
        resumed.gateway.restore(served.calls)
        assert (await resumed.http.post("/v1/chat/completions", json=body)).content == first
        answer = (await resumed.http.post("/v1/chat/completions", json=later)).json()
        assert answer["choices"][0]["message"]["content"] == "Done."
        assert resumed.gateway.tokens > 10
        assert resumed.gateway.cost == 0.5
    assert [call.call for call in resumed.calls] == [2, 3]
    assert isinstance(resumed.calls[1].script, ScriptPosition)
    assert resumed.calls[1].script.served == 2


async def test_side_requests_are_answered_and_move_nothing(serve: Any, script: Callable[..., str]) -> None:
    compaction = {"x-codex-turn-metadata": '{"request_kind":"compaction"}', "thread-id": "t"}
    async with serve(script(REPLIES)) as served:
        title = await served.http.post("/v1/chat/completions", json=chat())
        summary = await served.http.post("/v1/responses", json=responses(), headers=compaction)
        real = await served.http.post("/v1/responses", json=responses(), headers={"thread-id": "t"})
    assert title.json()["choices"][0]["message"]["content"] == "Scripted run of demo"
    assert "Summary" in summary.json()["output"][0]["content"][0]["text"]
    assert real.json()["output"][0]["type"] == "reasoning"
    assert [call.script is None for call in served.calls] == [True, True, False]


async def test_an_estimate_is_marked_in_the_record_and_not_on_the_wire(serve: Any, script: Callable[..., str]) -> None:
    async with serve(script("  - {say: 12345678, think: abcd}\n".replace("12345678", "'12345678'"))) as served:
        got = (await served.http.post("/v1/chat/completions", json=chat(*NATIVE))).json()
        assert served.response() == got | {"usage_estimated": True}
    assert (served.calls[0].usage.output_tokens, served.calls[0].usage.reasoning_tokens) == (3, 1)
    assert served.calls[0].usage.input_tokens > 50


async def test_a_script_may_have_a_price(serve: Any, script: Callable[..., str]) -> None:
    async with serve(script(REPLIES, head="price: {input: 10, output: 100, cache_read: 1}")) as served:
        await served.http.post("/v1/chat/completions", json=chat(*NATIVE))
        assert served.calls[0].cost == pytest.approx((900 * 10 + 33 * 100 + 50 * 1) / 1e6)
        assert served.gateway.cost == served.calls[0].cost


@pytest.mark.parametrize("api", WIRES)
async def test_a_missing_tool_is_an_error_of_that_api(serve: Any, script: Callable[..., str], api: str) -> None:
    path, body = WIRES[api]
    async with serve(script("  - calls: [{call: {name: fly}}]\n")) as served:
        got = await served.http.post(path, json=body)
        assert served.calls[0].script is None
    # Claude Code asks six times more where it reads 400.
    assert got.status_code == (402 if api == "messages" else 400)
    assert got.headers["x-should-retry"] == "false"
    error = got.json()["error"]
    assert "'fly'" in error["message"]
    assert "Offered: " in error["message"]
    assert got.json().get("type") == ("error" if api == "messages" else None)
    assert served.calls[0].status == got.status_code
    assert "'fly'" in served.calls[0].error


async def test_a_stuck_script_is_an_error_that_says_so(serve: Any, script: Callable[..., str]) -> None:
    body = chat(*NATIVE)
    async with (
        serve(script("  - {say: a, until: {contains: never}, at_most: 1}\n")) as served,
        sdk(served.socket) as client,
    ):
        await client.chat.completions.create(**body)
        later: Any = body | {"messages": [*body["messages"], {"role": "user", "content": "more"}]}
        with pytest.raises(BadRequestError, match="script is stuck"):
            await client.chat.completions.create(**later)


@pytest.mark.parametrize("api", WIRES)
async def test_limits_refuse_the_next_call_and_say_so(serve: Any, script: Callable[..., str], api: str) -> None:
    path, body = WIRES[api]
    async with serve(script(REPLIES), limits=Limits(max_tokens=900)) as served:
        assert (await served.http.post(path, json=body)).status_code == 200
        assert served.calls[-1].error == ""
        refused = await served.http.post(path, json=body)
        final = 402 if api == "messages" else 400
        assert (refused.status_code, served.gateway.exhausted) == (final, "token_limit")
        assert refused.json()["error"]["code"] == "token_limit"
        assert "983 of 900 tokens" in refused.json()["error"]["message"]
        assert (served.calls[1].status, served.calls[1].usage.total, served.calls[1].cost) == (final, 0, 0.0)
        served.gateway.limits = Limits(max_tokens=5000)
        assert (await served.http.post(path, json=body)).status_code == 200
        assert served.gateway.exhausted is None


async def test_a_cost_limit(serve: Any, script: Callable[..., str]) -> None:
    head = "price: {input: 1000, output: 1000}"
    async with serve(script(REPLIES, head=head), limits=Limits(max_cost=0.5)) as served:
        assert (await served.http.post("/v1/chat/completions", json=chat(*NATIVE))).status_code == 200
        refused = await served.http.post("/v1/chat/completions", json=chat(*NATIVE))
        assert refused.json()["error"]["code"] == "cost_limit"
        assert served.gateway.exhausted == "cost_limit"


async def test_what_was_spent_before_counts(serve: Any, script: Callable[..., str]) -> None:
    async with serve(script(REPLIES), limits=Limits(max_tokens=100), spent=(0.0, 100)) as served:
        assert (await served.http.post("/v1/chat/completions", json=chat(*NATIVE))).status_code == 400


async def test_the_small_endpoints(serve: Any, script: Callable[..., str]) -> None:
    async with serve(script(REPLIES)) as served, sdk(served.socket) as client:
        assert (await served.http.head("/")).status_code == 200
        assert [model.id async for model in client.models.list()] == ["demo"]
        counted = await served.http.post("/v1/messages/count_tokens", json=messages())
        assert counted.json()["input_tokens"] > 50
        missing = await served.http.get("/v1/embeddings")
        assert missing.status_code == 404
        assert "GET /v1/embeddings is not served" in missing.json()["error"]["message"]
        assert served.calls == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"messages": 3, "tools": [{}]}', b"[" * 100_000])
async def test_a_request_that_is_none(serve: Any, script: Callable[..., str], body: bytes) -> None:
    async with serve(script(REPLIES)) as served:
        for path in ("/v1/chat/completions", "/v1/responses", "/v1/messages"):
            got = await served.http.post(path, content=body)
            assert got.status_code == 400
            assert got.json()["error"]["message"]


async def test_a_compressed_request_is_refused_in_words(serve: Any, script: Callable[..., str]) -> None:
    async with serve(script(REPLIES)) as served:
        got = await served.http.post("/v1/responses", content=b"x", headers={"content-encoding": "zstd"})
    assert got.status_code == 415
    assert "uncompressed" in got.json()["error"]["message"]


async def test_a_request_that_is_nested_too_deeply(serve: Any, script: Callable[..., str]) -> None:
    deep = b'{"messages":[{"role":"user","content":' + b"[" * 900 + b"]" * 900 + b"}]}"
    async with serve(script(REPLIES)) as served:
        got = await served.http.post("/v1/chat/completions", content=deep)
    assert got.status_code in (200, 400)
    assert got.json()
