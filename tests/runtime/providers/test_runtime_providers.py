"""Providers: the exact bodies that the SDKs send (golden), and whole replies through a real gateway."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from loopwright.gateway import Gateway, ModelSpec, serve_unix
from loopwright.record import Limits
from loopwright.record.blobs import BlobStore
from loopwright.runtime.calls import Call
from loopwright.runtime.providers import (
    Answered,
    Api,
    Chunk,
    GatewayClient,
    ModelError,
    Params,
    Prompt,
    Reply,
    Request,
    Results,
    Said,
    Wire,
    open_provider,
    read_reply,
    request_bytes,
)
from loopwright.runtime.tools.spec import Parameter, ToolSpec

GOLDEN = Path(__file__).parents[2] / "golden" / "runtime" / "requests"
APIS: list[Api] = ["chat", "responses", "messages"]
READ = ToolSpec(
    "read_file",
    "read",
    "read",
    "Read a file.",
    (
        Parameter("path", {"type": "string"}, "where", examples=("src/a.c",)),
        Parameter("limit", {"type": "integer", "minimum": 1}, "lines", required=False, default=100),
    ),
)
FIRST = Call("c1", "read", {"path": "a"}, '{"path": "a"}')
SECOND = Call("c2", "read", {"path": "b"}, '{"path": "b"}')

MESSAGES: dict[Api, dict[str, Any]] = {
    "chat": {
        "role": "assistant",
        "content": "Both.",
        "reasoning_content": "two files",
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "read", "arguments": '{"path": "a"}'}},
            {"id": "c2", "type": "function", "function": {"name": "read", "arguments": '{"path": "b"}'}},
        ],
    },
    "responses": {
        "output": [
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Both."}]},
            {"type": "function_call", "call_id": "c1", "name": "read", "arguments": '{"path": "a"}'},
            {"type": "function_call", "call_id": "c2", "name": "read", "arguments": '{"path": "b"}'},
        ]
    },
    "messages": {
        "content": [
            {"type": "thinking", "thinking": "two files", "signature": "sig"},
            {"type": "text", "text": "Both."},
            {"type": "tool_use", "id": "c1", "name": "read", "input": {"path": "a"}},
            {"type": "tool_use", "id": "c2", "name": "read", "input": {"path": "b"}},
        ]
    },
}


def conversation(api: Api, **params: Any) -> Request:
    return Request(
        model="some-model",
        system=(Chunk("You write C.", cache=True), Chunk("Be brief.")),
        entries=(
            Prompt("Look at a and b."),
            read_reply(api, MESSAGES[api]),
            Results((Answered(FIRST, "one"), Answered(SECOND, "no such file", ok=False))),
            Prompt("Go on."),
            Said("I will."),
        ),
        tools=(READ,),
        params=Params(**params),
    )


SETTINGS: dict[Api, dict[str, Any]] = {
    "chat": {
        "temperature": 0.2, "top_p": 0.9, "max_output_tokens": 500, "parallel_tools": True, "reasoning_effort": "low",
        "stop": ("END",), "seed": 7, "strict_tools": True,
    },
    "responses": {
        "temperature": 0.2, "top_p": 0.9, "max_output_tokens": 500, "parallel_tools": False, "reasoning_effort": "low",
        "strict_tools": True, "include": ("message.output_text.logprobs",), "store": False,
    },
    "messages": {
        "temperature": 0.2, "top_p": 0.9, "max_output_tokens": 500, "parallel_tools": False, "stop": ("END",),
        "thinking_budget": 2000, "reasoning_effort": "low", "cache_conversation": True,
    },
}  # fmt: skip


@pytest.mark.parametrize("api", APIS)
def test_the_sdk_sends_exactly_the_golden_body(api: Api) -> None:
    path, body = anyio.run(request_bytes, api, conversation(api, **SETTINGS[api]))
    assert path == {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}[api]
    golden = GOLDEN / f"{api}.json"
    shown = json.dumps(json.loads(body), indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("LOOPWRIGHT_WRITE_GOLDEN"):
        golden.write_text(shown)
    assert shown == golden.read_text()


@pytest.mark.parametrize("api", APIS)
def test_ids_and_parallel_calls_go_round(api: Api) -> None:
    reply = read_reply(api, MESSAGES[api])
    assert [(call.call_id, call.tool, call.arguments) for call in reply.calls] == [
        ("c1", "read", {"path": "a"}),
        ("c2", "read", {"path": "b"}),
    ]
    assert reply.text == "Both."
    _, body = anyio.run(request_bytes, api, conversation(api))
    text = body.decode()
    assert text.count('"c1"') == text.count('"c2"') == 2


@pytest.mark.parametrize(
    ("api", "setting"),
    [("responses", {"stop": ("x",)}), ("responses", {"seed": 1}), ("messages", {"seed": 1})],
)  # fmt: skip
def test_a_setting_that_the_api_lacks_is_refused_by_name(api: Api, setting: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=next(iter(setting))):
        anyio.run(request_bytes, api, conversation(api, **setting))


@pytest.mark.parametrize("api", APIS)
def test_what_is_sent_does_not_depend_on_what_follows(api: Api) -> None:
    """The prefix of a request stays the same, byte for byte, as the conversation grows."""
    whole = conversation(api)
    shorter = Request(whole.model, whole.system, whole.entries[:1], whole.tools, whole.params)
    _, long = anyio.run(request_bytes, api, whole)
    _, short = anyio.run(request_bytes, api, shorter)
    common = next(at for at, pair in enumerate(zip(long, short, strict=False)) if pair[0] != pair[1])
    assert common > short.index(b"Look at a and b.")


MANY = ToolSpec(
    "look",
    "look",
    "read",
    "Look.",
    (
        Parameter("where", {"type": "string", "enum": ["here", "there"]}, "where", required=False, default="here"),
        Parameter("depth", {"type": "integer", "minimum": 1, "maximum": 9}, required=False),
    ),
)
FOREIGN = ToolSpec("m__look", "m__look", "mcp", "Look.", (Parameter("where", {"anyOf": []}, required=False),))


def _sent(api: Api, *tools: ToolSpec, **params: Any) -> dict[str, Any]:
    request = Request("m", (Chunk("s"),), (Prompt("Go."),), tools, Params(**params))
    found: dict[str, Any] = json.loads(anyio.run(request_bytes, api, request)[1])
    return found


@pytest.mark.parametrize("api", APIS)
def test_a_system_prompt_without_a_word_is_not_sent(api: Api) -> None:
    """Servers put an empty one in the place of a model's own default."""
    for system in ((), (Chunk(""),)):
        body = json.loads(anyio.run(request_bytes, api, Request("m", system, (Prompt("Go."),)))[1])
        assert not {"system", "instructions"} & body.keys()
        assert [message["role"] for message in body.get("messages", body.get("input"))] == ["user"]


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_both_apis_of_openai_are_told_whether_to_store(api: Api) -> None:
    assert [_sent(api, store=False)["store"], _sent(api, store=True)["store"]] == [False, True]
    assert "store" not in _sent(api)


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_schema_that_binds_has_the_form_that_openai_wants(api: Api) -> None:
    tool, foreign = _sent(api, MANY, FOREIGN, strict_tools=True)["tools"]
    tool, foreign = (one.get("function", one) for one in (tool, foreign))
    schema = tool["parameters"]
    assert (tool["strict"], schema["additionalProperties"]) == (True, False)
    assert schema["required"] == list(schema["properties"]) == ["where", "depth"]
    assert schema["properties"]["where"] == {
        "type": ["string", "null"],
        "enum": ["here", "there", None],
        "description": "where (default: here)",
    }
    assert not foreign.get("strict")
    assert foreign["parameters"] == FOREIGN.json_schema()


def test_a_schema_that_binds_has_no_ranges_for_anthropic() -> None:
    tool, foreign = _sent("messages", MANY, FOREIGN, strict_tools=True)["tools"]
    assert tool["strict"] is True
    assert tool["input_schema"]["required"] == []
    assert tool["input_schema"]["properties"]["depth"] == {"type": "integer"}
    assert "strict" not in foreign


def test_what_anthropic_would_refuse_is_not_sent() -> None:
    blank = read_reply("messages", {"content": [{"type": "text", "text": " \n"}]})
    request = Request("m", (Chunk("s"), Chunk("")), (Prompt(" "), blank, Prompt("x"), Said("I say \n ")))
    body = json.loads(anyio.run(request_bytes, "messages", request)[1])
    texts = [block["text"] for message in body["messages"] for block in message["content"]]
    assert texts == ["(nothing)", "(nothing)", "x", "I say"]
    assert len(body["system"]) == 1


SCRIPT = """\
version: 1
name: talker
replies:
  - think: hmm, two files
    say: Reading both.
    calls:
      - call: {name: read, arguments: {path: a}}
      - call: {name: read, arguments: {path: "b\\u00e9"}}
    usage: {input: 100, output: 20, cache_read: 7, reasoning: 5}
  - say: Done.
"""


@pytest.mark.parametrize("api", APIS)
def test_a_whole_conversation_through_the_gateway(api: Api, tmp_path: Path) -> None:
    replies, heard = anyio.run(_converse, api, tmp_path)
    first, second = replies
    assert first.text == "Reading both."
    assert first.reasoning == "hmm, two files"
    assert [call.arguments for call in first.calls] == [{"path": "a"}, {"path": "bé"}]
    assert first.usage is not None
    assert (first.usage.input_tokens, first.usage.cache_read_tokens) == (100, 7)
    assert second.text == "Done."
    assert not second.calls
    assert "".join(text for kind, text in heard if kind == "text") == "Reading both.Done."
    assert "".join(text for kind, text in heard if kind == "reasoning") == "hmm, two files"
    assert read_reply(api, first.message).calls == first.calls


async def _converse(api: Api, folder: Path) -> tuple[list[Reply], list[tuple[str, str]]]:
    (folder / "s.yaml").write_text(SCRIPT)
    spec = ModelSpec.parse(f"scripted:{folder / 's.yaml'}")
    gateway = Gateway(spec, on_call=lambda call: None, blobs=BlobStore(folder / "blobs"), limits=Limits())
    heard: list[tuple[str, str]] = []
    async with serve_unix(gateway.app, folder / "g.sock"):
        provider = open_provider(api, GatewayClient(folder / "g.sock", "talk"))
        request = Request(spec.name, (Chunk("System."),), (Prompt("Go."),), (READ,))
        first = await provider.ask(request, lambda kind, text: heard.append((kind, text)))
        answers = Results(tuple(Answered(call, "text") for call in first.calls))
        more = Request(request.model, request.system, (*request.entries, first, answers), request.tools)
        second = await provider.ask(more, lambda kind, text: heard.append((kind, text)))
        await provider.close()
    await gateway.close()
    return [first, second], heard


ANSWERS: list[tuple[int, dict[str, Any] | str, str, str]] = [
    (401, {"error": {"message": "bad key", "code": "invalid_api_key"}}, "auth", "bad key"),
    (402, {"error": {"message": "no credit"}}, "credit", "no credit"),
    (429, {"error": {"message": "slow down"}}, "rate_limit", "slow down"),
    (404, {"error": {"message": "no such model"}}, "model", "no such model"),
    (400, {"error": {"message": "prompt is too long: 2 > 1"}}, "context", "too long"),
    (400, {"error": {"message": "odd"}}, "request", "odd"),
    (503, "<html>busy</html>", "outage", "busy"),
    (200, "data: {not json\n\n", "unreadable", "cannot be read"),
    (200, "", "", "."),
]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(("status", "body", "kind", "words"), ANSWERS)
def test_errors_have_a_kind_and_the_providers_own_sentence(
    api: Api, status: int, body: dict[str, Any] | str, kind: str, words: str
) -> None:
    content = body if isinstance(body, str) else json.dumps(body)
    type_ = "text/event-stream" if status == 200 else "application/json" if isinstance(body, dict) else "text/html"

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, content=content, headers={"content-type": type_, "retry-after": "3"})

    async def ask() -> None:
        provider = open_provider(api, Wire(httpx2.AsyncClient(transport=httpx2.MockTransport(answer)), {}))
        await provider.ask(conversation(api), lambda kind, text: None)

    with pytest.raises(ModelError, match=words) as raised:
        anyio.run(ask)
    if kind:
        assert raised.value.kind == kind
    if status == 429:
        assert raised.value.retry_after == 3.0
