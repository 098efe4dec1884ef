"""Claude Code itself, on a scripted model: turns, steering, interruption, death, and taking a session up again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

import anyio
import psutil
import pytest
from tests.agents.foreign_stage import Stage, brief, open_stage, play, recorded
from tests.agents.programs_fixture import ensure_agents

from loopwright.agents import AgentItem, AgentMemory
from loopwright.agents.claude import ClaudeAgent, settings
from loopwright.agents.launching import Place
from loopwright.base import MachineError
from loopwright.gateway.requests import whole_request

pytestmark = [pytest.mark.slow, pytest.mark.anyio]

GOLDEN = Path(__file__).parents[1] / "golden" / "agents" / "script.yaml"
HEAD = "version: 1\nname: demo\nreplies:\n"
PATIENCE = 50.0


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CLI that obeys late, because the machine is busy, is not killed here."""
    monkeypatch.setattr("loopwright.agents.claude.agent._INTERRUPT_SECONDS", PATIENCE)


@asynccontextmanager
async def staged(folder: Path, script: str) -> AsyncIterator[tuple[Stage, ClaudeAgent]]:
    """An agent on a stage; nothing of it is left when both are closed."""
    ensure_agents("claude")
    agent = ClaudeAgent()
    before = {process.pid for process in _processes()}
    async with open_stage(folder, script) as stage:
        try:
            yield stage, agent
        finally:
            await agent.close()
    assert not [process for process in _processes() if process.pid not in before]


def _processes() -> Iterator[psutil.Process]:
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it may end while it is looked at
            if process.status() != psutil.STATUS_ZOMBIE:
                yield process


async def _until_none_waits() -> None:
    """The program ends its commands when it is interrupted, but does not wait until they have ended."""
    with anyio.fail_after(60):
        while any("987" in _words(process) for process in _processes()):  # noqa: ASYNC110 - processes tell nobody
            await anyio.sleep(0.02)


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _cli() -> psutil.Process:
    """The process of the CLI that runs below this one."""
    return next(process for process in _processes() if process.name() == "claude")


def _outcome(agent: ClaudeAgent) -> str:
    return agent.outcome.outcome


def asked(stage: Stage, call: int = -1) -> str:
    """A whole request to the model, as text."""
    return str(whole_request(stage.calls, stage.calls[call].call, lambda payload: payload.value))


async def test_everything_that_it_does_becomes_items(tmp_path: Path) -> None:
    async with staged(tmp_path, GOLDEN.read_text()) as (stage, agent):
        assert agent.check().ok
        await agent.prepare(stage.context)
        items = await play(agent, "Play.")
        assert _outcome(agent) == "finished"
        assert (stage.notices, stage.tested) == ([], ["basics", ""])
        memory = agent.memory()
    told = [brief(item) for item in items]
    assert told[:6] == [
        *("reasoning", "text", "tool_call Write", "tool_result Write completed changes"),
        *("tool_call Edit", "tool_result Edit completed changes"),
    ]
    assert sorted(told[6:13]) == [
        *("text", "tool_call Bash", "tool_call Bash", "tool_call run_tests changes"),
        *("tool_result Bash completed exit 0 changes", "tool_result Bash failed exit 3 changes"),
        "tool_result run_tests completed",
    ]
    inner = [item for item in items if item.parent]
    assert [brief(item).split(" completed")[0] for item in inner] == [
        *("reasoning inner", "tool_call Bash inner", "tool_result Bash", "text inner"),
    ]
    assert {item.parent for item in inner} == {item.call_id for item in items if item.tool_name == "Agent"}
    assert told[-1] == "text"
    assert sorted({item.reply or 0 for item in items}) == list(range(1, 10))
    assert {delta.kind for delta in stage.deltas} == {"reasoning", "text", "tool"}
    assert (stage.workspace / "notes.txt").read_text() == "two\n"
    assert stage.context.activity.tools == {}
    assert {call.model_asked for call in stage.calls} == {settings.STAND_IN}
    assert [call.purpose for call in stage.calls].count("subagent") == 2
    assert memory is not None
    assert next(iter(memory.files)) == f".claude/projects/-workspace/{memory.session_id}.jsonl"


async def test_a_turn_that_is_closed_does_not_go_on_with_a_message_that_waits(tmp_path: Path) -> None:
    replies = "  - calls: [{shell: sleep 987}]\n  - calls: [{write: {path: late.txt, text: x}}]\n  - say: Done.\n"
    async with staged(tmp_path, HEAD + replies) as (stage, agent):
        await agent.prepare(stage.context)
        async with aclosing(agent.turn("Begin.")) as items:  # type: ignore[type-var]
            async for item in items:
                if item.part_type == "tool_call":
                    assert await agent.steer("And then something else.")
                    break
        await anyio.sleep(0.5)
        assert len(stage.calls) == 1
        assert not (stage.workspace / "late.txt").exists()


_STEERED = """\
  - say: I wait.
    calls: [{shell: "until [ -e /tmp/told ]; do sleep 0.1; done; sleep 2"}]
  - when: {contains: The other way round}
    say: As you say.
  - say: Now for long.
    calls: [{shell: sleep 987}]
  - say: I go on.
"""


async def test_a_message_reaches_the_turn_and_closing_it_ends_what_it_started(tmp_path: Path) -> None:
    async with staged(tmp_path, HEAD + _STEERED) as (stage, agent):
        await agent.prepare(stage.context)
        assert not await agent.steer("Nobody listens yet.")
        said: list[AgentItem] = []
        async for item in agent.turn("/compact is the name of the task."):
            said.append(item)
            if item.part_type == "tool_call":
                assert stage.context.activity.tools == {item.call_id: "Bash"}
                assert await agent.steer("The other way round, please.")
                (tmp_path / "scratch" / "told").touch()
        assert said[-1].content == "As you say."
        assert _outcome(agent) == "finished"
        assert "Your task: /compact is" in asked(stage, 0)
        assert not await agent.steer("Too late.")

        pid, began = _cli().pid, 0.0
        async with aclosing(agent.turn("Go on.")) as items:  # type: ignore[type-var]
            async for item in items:
                if item.part_type == "tool_call":
                    began = time.monotonic()
                    break
        assert time.monotonic() - began < PATIENCE, "it obeyed"
        assert _outcome(agent) == "interrupted"
        await _until_none_waits()
        assert stage.context.activity.tools == {}

        assert [item.content for item in await play(agent, "And now?")] == ["I go on."]
        assert _cli().pid == pid
        assert len(stage.calls) == 4
        assert stage.notices == []


_KILLED = """\
  - say: First I remember the number 4711.
    calls: [{shell: echo remembered; sleep 2}]
  - calls: [{shell: touch /tmp/begun; sleep 60}]
  - say: I am back.
"""


async def test_it_goes_on_after_its_process_was_killed(tmp_path: Path) -> None:
    said: list[AgentItem] = []
    async with staged(tmp_path, HEAD + _KILLED) as (stage, agent):
        await agent.prepare(stage.context)
        async for item in agent.turn("Do it."):
            said.append(item)
            if item.part_type == "tool_call" and "begun" in item.summary:
                await _made(tmp_path / "scratch" / "begun")
                os.kill(_cli().pid, signal.SIGKILL)
        assert (agent.outcome.outcome, agent.outcome.dead) == ("error", True)
        assert "signal 9" in agent.outcome.detail
        assert stage.context.activity.tools == {}

        back = await play(agent, None)
        assert [(item.content, item.reply) for item in back] == [("I am back.", 3)]
        assert "4711" in asked(stage)
        assert stage.notices == []
        memory = agent.memory()
    assert memory is not None
    turns, parts = recorded("Do it.", said)

    # Another machine: the home is gone, and the record has the session.
    (tmp_path / "home").rename(tmp_path / "old-home")
    async with staged(tmp_path, HEAD + "  - say: I am here.\n") as (stage, agent):
        await agent.resume(stage.context, turns, parts, memory)
        items = await play(agent, None)
        assert [(item.content, item.reply) for item in items] == [("I am here.", 3)]
        assert "4711" in asked(stage)
        assert "cut off" in asked(stage)
        assert stage.notices == []


@pytest.mark.parametrize("damage", ["garbage\n\x00\n", '{"type":"user"}\n{"type":"assistant"}\n', None])
async def test_a_session_that_is_lost_is_replaced_by_a_recap(tmp_path: Path, damage: str | None) -> None:
    memory = AgentMemory("6f8e0e3c-54c5-5a09-9b2f-0d6a1e0c8a11", {})
    if damage is not None:
        name = f".claude/projects/-workspace/{memory.session_id}.jsonl"
        memory = AgentMemory(memory.session_id, {name: damage.encode()})
    (tmp_path / "home").mkdir()
    word = "The secret word is xylophone."
    turns, parts = recorded("Find a word.", [AgentItem("text", "text", word, word, reply=7)])
    async with staged(tmp_path, HEAD + "  - say: I read what happened.\n") as (stage, agent):
        await agent.resume(stage.context, turns, parts, memory)
        items = await play(agent, None)
        assert [(item.content, item.reply) for item in items] == [("I read what happened.", 8)]
        assert stage.codes == ["session_lost"]
        assert "xylophone" in asked(stage)
        assert _outcome(agent) == "finished"


async def test_a_failed_call_is_an_error_although_the_cli_calls_it_success(tmp_path: Path) -> None:
    script = HEAD + "  - fault: {status: 400, message: The money is used up., times: 9}\n    say: Never said.\n"
    async with staged(tmp_path, script) as (stage, agent):
        await agent.prepare(stage.context)
        items = await play(agent, "Play.")
        assert agent.outcome.outcome == "error"
        assert "The money is used up." in agent.outcome.detail
        assert not agent.outcome.dead
        assert [(item.item_type, item.reply) for item in items] == [("api_error", None)]


async def test_without_its_mcp_server_it_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(place: Place) -> str:
        return f'{{"mcpServers": {{"loopwright": {{"type": "http", "url": "{place.gateway}/nowhere"}}}}}}'

    monkeypatch.setattr(settings, "mcp_config", wrong)
    async with staged(tmp_path, HEAD + "  - calls: [{shell: touch done}]\n") as (stage, agent):
        await agent.prepare(stage.context)
        with pytest.raises(MachineError, match="MCP server"):
            await play(agent, "Play.")
        assert not (stage.workspace / "done").exists()


async def _made(path: Path) -> None:
    with anyio.fail_after(60):
        while not path.exists():  # noqa: ASYNC110 - the sandbox makes it, and nobody tells us
            await anyio.sleep(0.02)
