"""A preview is written without the SDKs, and is to the byte what they would send."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.runtime.calls import Call
from loopwright.runtime.providers import (
    Answered,
    Api,
    Chunk,
    Entry,
    ModelError,
    Params,
    Prompt,
    Reply,
    Request,
    Results,
    Said,
    request_bytes,
)
from loopwright.runtime.providers.preview import written_bytes
from loopwright.runtime.tools.spec import Parameter, ToolSpec

PROFILE = Path(__file__).parents[3] / "agent_configs" / "base_v2.yaml"

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
SHARES = st.none() | st.floats(0, 1)
PARAMETER = Parameter("päth", {"type": "string"}, "where </s>", required=False, examples=("a",))
TOOL = ToolSpec("read_file", "read", "read", "Read\u2028it.", (PARAMETER,))
CALL = Call("c1", "read", {"päth": "a"}, '{"päth": "a"}')
REPLIES: dict[Api, dict[str, object]] = {
    "chat": {
        "role": "assistant",
        "content": "é",
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "read", "arguments": "{}"}}],
    },
    "responses": {"output": [{"type": "function_call", "call_id": "c1", "name": "read", "arguments": "{}"}]},
    "messages": {"content": [{"type": "tool_use", "id": "c1", "name": "read", "input": {"päth": "a"}}]},
}


@st.composite
def requests(draw: st.DrawFn, api: Api) -> Request:
    sent_back: list[Entry] = [Reply(api, REPLIES[api]), Results((Answered(CALL, draw(TEXTS), draw(st.booleans())),))]
    others: list[list[Entry]] = [[], sent_back, [Said(draw(TEXTS))]]
    entries = [Prompt(draw(TEXTS)), *draw(st.sampled_from(others))]
    params = Params(
        temperature=draw(SHARES),
        top_p=draw(SHARES),
        max_output_tokens=draw(st.none() | st.integers(1, 9999)),
        parallel_tools=draw(st.none() | st.booleans()),
        reasoning_effort=draw(st.none() | st.just("low")),
        stop=() if api == "responses" else draw(st.sampled_from([(), ("END", "ä")])),
        seed=draw(st.none() | st.integers(0, 9)) if api == "chat" else None,
        strict_tools=draw(st.booleans()),
        include=draw(st.sampled_from([(), ("reasoning.encrypted_content",)])),
        include_reasoning=draw(st.booleans()),
        store=draw(st.none() | st.booleans()),
        thinking_budget=draw(st.none() | st.integers(1024, 2000)),
        cache_conversation=draw(st.booleans()),
    )
    chunks = (Chunk(draw(TEXTS) or "s", cache=draw(st.booleans())),)
    return Request("claude-x", chunks, tuple(entries), draw(st.sampled_from([(), (TOOL,)])), params)


@pytest.mark.parametrize("api", ["chat", "responses", "messages"])
def test_what_is_written_without_the_sdk_is_what_the_sdk_sends(api: Api) -> None:
    @settings(max_examples=60, deadline=None)
    @given(requests(api))
    def check(request: Request) -> None:
        assert written_bytes(api, request) == anyio.run(request_bytes, api, request)[1]

    check()


@pytest.mark.parametrize("api", ["chat", "responses", "messages"])
def test_another_version_of_the_sdk_is_asked_itself(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda package: "99.0.0")
    assert written_bytes(api, Request("m", (Chunk("s"),), (Prompt("Go."),))) is None


def test_a_setting_that_the_api_lacks_is_refused_here_too() -> None:
    with pytest.raises(ModelError, match="seed"):
        written_bytes("messages", Request("m", (Chunk("s"),), (Prompt("Go."),), params=Params(seed=1)))


def test_a_preview_imports_neither_sdk_nor_loop() -> None:
    """They would be most of its time; the bar for load, compile and first request is 150 ms."""
    code = (
        "import sys; from loopwright.cli.app import cli; "
        f"cli(['config', 'preview', {str(PROFILE)!r}], standalone_mode=False); "
        "print([n for n in ('openai', 'anthropic', 'httpx2', 'loopwright.runtime.agent.runtime') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
