"""The run folder beside what really went over the wire: what is logged is what was sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.runtime.honesty.stage import DONE, calls, play

from loopwright.runtime.config import load_config

pytestmark = pytest.mark.slow

PROFILE = """\
version: 2
providers: {{default_model: m, models: [{{id: m, adapter: {adapter}, params: {{max_output_tokens: 900}}}}]}}
prompts:
  packs: {{p: {{system: system.md, plan: plan.md}}}}
  injection: {{system_order: ["@pack(p).system"]}}
  tool_prompt_mode: per_turn_append
modes: [{{name: plan, prompt: "@pack(p).plan", tools_enabled: [read_file], max_turns: 1}}, {{name: build}}]
loop: {{sequence: [{{mode: plan}}, {{mode: build}}]}}
"""
SECRET = "sk-planted-0123456789"


@pytest.mark.parametrize("adapter", ["openai_chat", "openai_responses", "anthropic_messages"])
def test_raw_requests_are_the_bytes_that_were_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, adapter: str
) -> None:
    monkeypatch.setenv("PLANTED_API_KEY", SECRET)
    sent: list[Any] = []
    plain = httpx2.AsyncHTTPTransport.handle_async_request

    async def noted(self: Any, request: httpx2.Request) -> httpx2.Response:
        sent.append(json.loads(await request.aread()))
        return await plain(self, request)

    monkeypatch.setattr(httpx2.AsyncHTTPTransport, "handle_async_request", noted)
    (tmp_path / "system.md").write_text("You are the system.")
    (tmp_path / "plan.md").write_text("Plan it.")
    (tmp_path / "agent.yaml").write_text(PROFILE.format(adapter=adapter))
    replies = [
        calls(("read_file", {"path": "a.txt"}), say="I look."),
        calls(("run_shell", {"command": "cat a.txt"}), ("write_file", {"path": "b", "content": "x"})),
        DONE,
    ]
    played = play(load_config(tmp_path / "agent.yaml"), tmp_path, replies, {"a.txt": f"caf\u00e9 {SECRET}\n"})
    assert played.outcome.startswith("finished")
    logs = next(tmp_path.glob("home/**/loopwright-run-folder.json")).parent
    kept = [json.loads(path.read_text()) for path in sorted(logs.glob("raw/requests/*"))]
    assert len(kept) == 3
    hidden = json.loads(json.dumps(sent).replace(SECRET, "[redacted: PLANTED_API_KEY]"))
    assert kept == hidden
    for path in logs.rglob("*"):
        assert not path.is_file() or SECRET not in path.read_text(), path


def test_the_folder_is_there_while_the_turn_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopwright.runtime.agent.keeping._PAUSE", 3600.0)  # a busy machine makes five seconds short
    (tmp_path / "agent.yaml").write_text(PROFILE.format(adapter="openai_chat"))
    (tmp_path / "system.md").write_text("You are the system.")
    (tmp_path / "plan.md").write_text("Plan it.")

    def replies() -> int:
        found = list(tmp_path.glob("home/**/conversation.md"))
        return found[0].read_text().count("Model call ") if found else 0

    first = calls(("read_file", {"path": "a.txt"}))
    again = calls(("read_file", {"path": "a.txt"}), say="Once more.")
    played = play(load_config(tmp_path / "agent.yaml"), tmp_path, [first, again, DONE], {"a.txt": "a"}, replies)
    # After the first reply; then not for some time; after the turn.
    assert played.watched == [0, 0, *[1] * (len(played.items) - 2), 3, 3]
