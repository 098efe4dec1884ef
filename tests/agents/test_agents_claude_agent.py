"""What the agent does about programs that do not behave: small programs play Claude Code badly."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest
from tests.agents.foreign_stage import Stage, open_stage, play, recorded

from loopwright.agents.claude import ClaudeAgent, conversation
from loopwright.agents.claude.sessions import bring_back, kept, newest_session, nth_session, usable
from loopwright.agents.claude.settings import STAND_IN, model_argument
from loopwright.agents.claude.turns import TurnEnd
from loopwright.agents.programs import Program
from loopwright.agents.protocol import AgentMemory
from loopwright.base import MachineError

SCRIPT = "version: 1\nname: demo\nreplies:\n  - say: Never said.\n"
_TEXT = {
    "type": "assistant",
    "message": {"id": "m1", "content": [{"type": "text", "text": "Half of it."}]},
    "parent_tool_use_id": None,
}


@asynccontextmanager
async def playing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> AsyncIterator[tuple[Stage, ClaudeAgent]]:
    """An agent whose program is this shell script."""
    (folder / "programs").mkdir()
    path = folder / "programs" / "claude"
    path.write_text(f"#!/bin/sh\n{program}\n")
    path.chmod(0o755)
    found = Program("claude", path, path.parent, "2.1.329", "path")
    monkeypatch.setattr(conversation, "find", lambda name: found)
    agent = ClaudeAgent()
    async with open_stage(folder, SCRIPT) as stage:
        try:
            yield stage, agent
        finally:
            await agent.close()
    assert _sleepers() == []


def _sleepers() -> list[int]:
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it may end while it is looked at
            if "1234567" in process.cmdline():
                found.append(process.pid)
    return found


@pytest.mark.anyio
async def test_a_program_that_crashes_at_its_start_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing(tmp_path, monkeypatch, "echo the disk is upside down >&2; exit 7") as (stage, agent):
        await agent.prepare(stage.context)
        assert await play(agent, "Play.") == []
        outcome = agent.outcome
        assert (outcome.outcome, outcome.dead) == ("error", True)
        assert "exit code 7: the disk is upside down" in outcome.detail
        assert stage.context.activity.dead == outcome.detail
        assert stage.notices == []


@pytest.mark.anyio
@pytest.mark.parametrize("code", [0, 3])
async def test_a_program_that_ends_in_the_middle_has_not_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    success = json.dumps({"type": "result", "subtype": "success", "is_error": False, "queued_turn_count": 1})
    program = f"read prompt; echo '{json.dumps(_TEXT)}'; echo '{success}'; exit {code}"
    async with playing(tmp_path, monkeypatch, program) as (stage, agent):
        await agent.prepare(stage.context)
        for _ in range(2):  # it is started again for the next turn
            assert [item.content for item in await play(agent, "Play.")] == ["Half of it."]
            assert (agent.outcome.outcome, agent.outcome.dead) == ("error", True)
            assert f"exit code {code}" in agent.outcome.detail


@pytest.mark.anyio
async def test_a_program_that_does_not_hear_interrupts_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = f"trap '' INT TERM; read prompt; echo '{json.dumps(_TEXT)}'; sleep 1234567"
    async with playing(tmp_path, monkeypatch, program) as (stage, agent):
        await agent.prepare(stage.context)
        began = 0.0
        async with aclosing(agent.turn("Play.")) as items:  # type: ignore[type-var]
            async for _ in items:
                began = time.monotonic()
                break
        assert time.monotonic() - began < 50, "it did not wait for the command"
        assert agent.outcome.outcome == "interrupted"
        assert _sleepers() == []


@pytest.mark.anyio
async def test_a_session_that_the_cli_refuses_is_replaced_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = json.dumps({"type": "result", "subtype": "error_during_execution", "is_error": True})
    success = json.dumps({"type": "result", "subtype": "success", "is_error": False})
    program = f"""
        case "$*" in *--resume*) echo 'No conversation found' >&2; echo '{refusal}'; exit 1;; esac
        read prompt; printf '%s\\n' "$prompt" >> /workspace/prompts
        echo '{json.dumps(_TEXT)}'; echo '{success}'; read more
    """
    memory = AgentMemory(nth_session("elsewhere", 1), {f"x/{nth_session('elsewhere', 1)}.jsonl": b'{"type":"user"}\n'})
    (tmp_path / "home").mkdir()
    async with playing(tmp_path, monkeypatch, program) as (stage, agent):
        await agent.resume(stage.context, *recorded("Find the xylophone.", []), memory)
        assert len(await play(agent, None)) == 1
        assert agent.outcome.outcome == "finished"
        assert stage.codes == ["session_lost"]
        assert "xylophone" in (stage.workspace / "prompts").read_text()


@pytest.mark.anyio
async def test_settings_that_the_cli_could_not_read_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    settings = tmp_path / "home" / ".claude.json"
    async with playing(tmp_path, monkeypatch, "read prompt") as (stage, agent):
        for content, codes in ((b'{"numStartups": 3}', ["session_lost"]), (b"\x00\xff{", ["settings_removed"])):
            stage.notices.clear()
            settings.write_bytes(content)
            await agent.resume(stage.context, *recorded("Go on.", []), None)
            assert stage.codes[: len(codes)] == codes
    assert not settings.exists()


@pytest.mark.anyio
async def test_a_run_without_a_home_cannot_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from msgspec import structs

    async with playing(tmp_path, monkeypatch, "exit 0") as (stage, agent):
        with pytest.raises(MachineError, match="home"):
            await agent.prepare(structs.replace(stage.context, home=None))


def test_a_turn_needs_a_start() -> None:
    agent = ClaudeAgent()
    assert agent.memory() is None
    assert agent.steers


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("claude-opus-4-5", "claude-opus-4-5"),
        ("anthropic/claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5[1m]", "claude-sonnet-4-5[1m]"),
        ("gpt-5.5", STAND_IN),
        ("scripted-c-compiler", STAND_IN),
        ("claude-\x1b[2J", STAND_IN),
    ],
)
def test_models_that_the_cli_does_not_know_have_a_stand_in(model: str, told: str) -> None:
    assert model_argument(model) == told


def _write(home: Path, session: str, text: str) -> Path:
    path = home / ".claude" / "projects" / "-workspace" / f"{session}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ('{"type":"mode"}\n{"type":"user","message":{}}\n', True),
        ('{"type":"user","message":{}}\n{"type":"assis', True),
        ('{"type":"mode"}\n', False),
        ('{"type":"user"}\nnonsense\n', False),
        ("", False),
    ],
)
def test_which_sessions_can_be_used(tmp_path: Path, text: str, good: bool) -> None:
    session = nth_session("run", 1)
    assert not usable(tmp_path, "/workspace", session)
    _write(tmp_path, session, text)
    assert usable(tmp_path, "/workspace", session) == good
    assert newest_session(tmp_path, "/workspace", "run") == 1
    _write(tmp_path, nth_session("run", 2), text)
    assert newest_session(tmp_path, "/workspace", "run") == 2
    assert newest_session(tmp_path, "/workspace", "other") == 0


def test_a_session_is_kept_and_brought_back_for_another_workspace(tmp_path: Path) -> None:
    session = nth_session("run", 1)
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    _write(tmp_path / "here", session, '{"type":"user"}\n')
    memory = kept(tmp_path / "here", "/workspace", session)
    assert list(memory.files) == [f".claude/projects/-workspace/{session}.jsonl"]
    assert bring_back(tmp_path / "there", "/srv/work.space", memory)
    assert usable(tmp_path / "there", "/srv/work.space", session)
    assert kept(tmp_path / "there", "/workspace", session) == AgentMemory(session, {})


@pytest.mark.parametrize("session", ["../../../../etc/cron.d/x", "not-a-uuid", ""])
def test_a_recorded_session_cannot_lead_outside(tmp_path: Path, session: str) -> None:
    assert not bring_back(tmp_path, "/workspace", AgentMemory(session, {f"a/{session}.jsonl": b"{}\n"}))
    assert list(tmp_path.iterdir()) == []


def test_links_of_the_agent_are_not_followed(tmp_path: Path) -> None:
    session = nth_session("run", 1)
    home, outside = tmp_path / "home", tmp_path / "outside"
    home.mkdir()
    secret = _write(outside, session, '{"type":"user","key":"secret"}\n')
    path = _write(home, session, "")
    path.unlink()
    path.symlink_to(secret)
    assert kept(home, "/workspace", session).files == {}
    assert not usable(home, "/workspace", session)
    # The link itself is replaced, and not what it leads to.
    assert bring_back(home, "/workspace", AgentMemory(session, {f"x/{session}.jsonl": b"new\n"}))
    assert (path.is_symlink(), path.read_bytes()) == (False, b"new\n")
    assert "secret" in secret.read_text()
    path.unlink()
    path.parent.rmdir()
    path.parent.symlink_to(secret.parent)
    assert kept(home, "/workspace", session).files == {}
    assert newest_session(home, "/workspace", "run") == 0
    assert "secret" in secret.read_text()


def test_a_message_is_heard_when_it_is_in_a_request_and_not_only_when_it_is_done() -> None:
    end = TurnEnd("prompt")
    end.sent("more")
    found = [(end.unheard, end.over)]
    for message, state in (("more", "queued"), ("more", "started"), ("prompt", "completed"), ("more", "completed")):
        end.see({"type": "command_lifecycle", "command_uuid": message, "state": state})
        if message == "prompt":
            end.see({"type": "result"})
        found.append((end.unheard, end.over))
    # Once it is taken, the session that is saved has it; but the turn goes on until it is done.
    assert found == [(True, False), (True, False), (False, False), (False, False), (False, True)]
