"""What requests are made of as a conversation grows, in every API, and who is asked where the model cannot answer."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import anyio
import httpx2
import pytest
import yaml

from loopwright.agents import AgentItem

pytestmark = pytest.mark.slow

ADAPTERS = ["openai_chat", "openai_responses", "anthropic_messages"]
CONVERSATION = {"openai_chat": "messages", "openai_responses": "input", "anthropic_messages": "messages"}
DONE = {"say": "Done."}
TEXT = """
provider_tools: {use_native: false}
tools: {dialects: {preference: {by_tool_kind: {bash: [bash_block], diff: [aider_diff]}}}}
"""


def model(adapter: str, more: str = "") -> str:
    return f"providers: {{default_model: m, models: [{{id: m, adapter: {adapter}{more}}}]}}\n"


@pytest.fixture
def bodies(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bytes of every request to the gateway."""
    sent: list[bytes] = []
    plain = httpx2.AsyncHTTPTransport.handle_async_request

    async def noted(self: Any, request: httpx2.Request) -> httpx2.Response:
        sent.append(await request.aread())
        return await plain(self, request)

    monkeypatch.setattr(httpx2.AsyncHTTPTransport, "handle_async_request", noted)
    return sent


@pytest.mark.parametrize("style", ["native", "text"])
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_each_request_begins_with_the_bytes_of_the_one_before(
    lab: Any, bodies: list[bytes], adapter: str, style: str
) -> None:
    if style == "native":
        replies = [
            {"think": "hm", "say": "So.", "calls": [{"shell": f"echo {n}"}, {"shell": "exit 1"}]} for n in range(4)
        ]
    else:
        replies = [{"think": "hm", "say": f"So.\n<BASH>\necho {n}\n</BASH>\n"} for n in range(4)]
    cache = "provider_tools: {anthropic: {cache: false}}\n" if style == "native" else ""
    lab.run(yaml.safe_dump([*replies, DONE]), model(adapter) + (TEXT if style == "text" else cache))
    assert len(bodies) == 5
    for before, after in pairwise(bodies):
        one, two = json.loads(before), json.loads(after)
        old, new = one.pop(CONVERSATION[adapter]), two.pop(CONVERSATION[adapter])
        assert one == two
        assert _unmarked(new[: len(old)]) == _unmarked(old)
        if style == "native":
            said = json.dumps(old, ensure_ascii=False, separators=(",", ":")).encode()
            end = before.index(said) + len(said) - 1
            assert after[:end] == before[:end]


def _unmarked(messages: list[Any]) -> Any:
    """Without cache markers, which move on to the newest message."""
    return json.loads(json.dumps(messages).replace(', "cache_control": {"type": "ephemeral"}', ""))


def test_anthropics_markers_stand_after_tools_system_and_newest_message(lab: Any, bodies: list[bytes]) -> None:
    for name in "abcde":
        (lab.folder / f"{name}.md").write_text(f"Text {name}.")
    packs = ", ".join(f"{name}: {name}.md" for name in "abcde")
    order = ", ".join(f"'[CACHE] @pack(p).{name}'" for name in "abcde")
    profile = f"prompts: {{packs: {{p: {{{packs}}}}}, injection: {{system_order: [{order}]}}}}\n"
    lab.run(yaml.safe_dump([{"calls": [{"shell": "true"}]}, DONE]), model("anthropic_messages") + profile)
    for body in map(json.loads, bodies):
        marked = [tool["name"] for tool in body["tools"] if "cache_control" in tool]
        assert marked == [body["tools"][-1]["name"]]
        assert ["cache_control" in block for block in body["system"]] == [False] * 3 + [True] * 2
        blocks = [block for message in body["messages"] for block in message["content"]]
        assert ["cache_control" in block for block in blocks] == [False] * (len(blocks) - 1) + [True]


def test_the_system_prompt_and_the_tools_change_with_the_mode(lab: Any) -> None:
    for name in ("plan", "build"):
        (lab.folder / f"{name}.md").write_text(f"You {name}.")
    profile = """
prompts:
  packs: {p: {plan: plan.md, build: build.md}}
  injection: {system_order: [mode_specific]}
modes: [{name: plan, prompt: '@pack(p).plan', tools_enabled: [read_file]}, {name: build, prompt: '@pack(p).build'}]
loop: {sequence: [{mode: plan}, {mode: build}]}
"""
    ran = lab.run(yaml.safe_dump([{"say": "Planned."}, DONE]), profile)
    systems = [request["messages"][0]["content"] for request in ran.requests]
    assert systems == ["You plan.", "You build."]
    assert len(ran.requests[0]["tools"]) == 1
    assert ran.requests[1]["messages"][1:3] == [*ran.requests[0]["messages"][1:], ran.requests[1]["messages"][2]]


def test_what_goes_with_each_prompt_goes_with_each_and_with_a_new_mode(lab: Any) -> None:
    for name in ("plan", "build"):
        (lab.folder / f"{name}.md").write_text(f"You {name}.")
    profile = """
prompts: {packs: {p: {plan: plan.md, build: build.md}}}
modes: [{name: plan, prompt: '@pack(p).plan'}, {name: build, prompt: '@pack(p).build'}]
loop: {sequence: [{mode: plan}, {mode: build}]}
"""
    ran = lab.run(yaml.safe_dump([{"say": "Planned."}, DONE, DONE]), profile, "Go.", "Go on.")
    users = [message["content"] for message in ran.requests[-1]["messages"] if message["role"] == "user"]
    assert users == ["Go.\n\nYou plan.", "The mode is now `build`. You build.", "Go on.\n\nYou build."]


def test_a_window_counts_each_word_once(lab: Any) -> None:
    window = model("openai_chat", ", context_window: 2000")
    words = " ".join(f"word{n}" for n in range(300))
    replies = [{"say": words, "calls": [{"shell": "true"}]}, DONE]
    assert lab.run(yaml.safe_dump(replies), window).outcome.outcome == "finished"
    replies = [{"say": words, "calls": [{"shell": f"echo {words}{n}"}]} for n in range(4)]
    ran = lab.run(yaml.safe_dump([*replies, DONE]), window)
    assert ran.outcome.outcome == "error"
    assert "the model reads 2000" in ran.outcome.detail
    assert 1 <= len(ran.requests) < 4


SWITCH = """
providers:
  default_model: a
  models:
    - {id: a, adapter: openai_chat, params: {temperature: 0.1}, routing: {fallback_models: [b, c]}}
    - {id: b, adapter: openai_chat, params: {temperature: 0.2}}
    - {id: c, adapter: openai_chat, params: {temperature: 0.3}}
"""
REPLIES = [
    {"calls": [{"shell": "echo one"}]},
    {"calls": [{"shell": "echo two"}], "fault": {"status": 404, "times": 2}},
    {"calls": [{"shell": "echo three"}]},
    DONE,
]


def test_another_model_that_was_asked_is_asked_again_after_a_crash(lab: Any, as_parts: Any, started: Any) -> None:
    path = lab.profile(SWITCH)
    whole = lab.run(yaml.safe_dump(REPLIES), path=path)
    models = [(request["model"], request["temperature"]) for request in whole.requests]
    first = models[0][0]
    assert models == [(first, 0.1), (first, 0.1), ("b", 0.2), ("c", 0.3), ("c", 0.3), ("c", 0.3)]
    assert [code for code, _ in whole.notices] == ["model_switched"] * 2
    answered = [number for number, call in enumerate(whole.calls, 1) if call.status == 200]
    parts = as_parts(whole.items)
    for cut in range(4, len(parts) + 1):
        known = max(part.reply or 0 for part in parts[:cut])
        past = whole.calls[: answered[known - 1]]
        items, requests = anyio.run(_resumed, lab, path, parts[:cut], past, started)
        assert [item.result for item in items] == [item.result for item in whole.items[cut:]]
        assert {request["model"] for request in requests} <= {"c"}, f"after part {cut}"


async def _resumed(lab: Any, path: Any, parts: Any, past: Any, started: Any) -> tuple[list[AgentItem], list[Any]]:
    async with lab.opened(yaml.safe_dump(REPLIES), path, past=past) as (runtime, ran):
        runtime.restore([started("Go.")], parts)
        items = [item async for item in runtime.go_on()]
    return items, ran.requests


def test_a_fault_that_another_model_would_have_too_is_no_reason_to_switch(lab: Any) -> None:
    ran = lab.run(yaml.safe_dump([{"say": "late", "fault": {"status": 400, "times": 9}}]), SWITCH)
    assert ran.outcome.outcome == "error"
    assert ran.notices == []
