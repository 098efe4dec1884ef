"""An agent made with the ACP SDK, in the sandbox: what it may ask of us, how it fails, and taking it up again."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.agents.foreign_stage import Stage, brief, open_stage, play, recorded

from loopwright.agents import AgentItem
from loopwright.agents.acp import AcpAgent
from loopwright.base import MachineError

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("acp_example_agent.py")
SCRIPT = "version: 1\nname: unused\nreplies:\n  - say: Nobody asks.\n"


@asynccontextmanager
async def example(options: str = "") -> AsyncIterator[AcpAgent]:
    agent = AcpAgent(f"{sys.executable} {PROGRAM} {options}")
    try:
        yield agent
    finally:
        await agent.close()


def on_stage(folder: Path, act: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        async with open_stage(folder, SCRIPT) as stage:
            await act(stage)

    anyio.run(run)


def said(items: list[AgentItem]) -> str:
    return " ".join(item.content or "" for item in items if item.part_type == "text")


def test_what_it_asks_of_us(tmp_path: Path) -> None:
    prompt = "\n".join(
        [
            "think First I think.",
            "write /workspace/deep/a.txt hello",
            "read /workspace/deep/a.txt",
            "read /etc/passwd",
            "run cat deep/a.txt; false",
            "ask the question",
            "kill echo ready; sleep 60",
            "noise and nonsense",
            "servers all",
            "test basics",
        ]
    )

    async def act(stage: Stage) -> None:
        async with example() as agent:
            await agent.prepare(stage.context)
            items = await play(agent, prompt)
        assert [brief(item) for item in items] == [
            "reasoning",
            "text",
            "tool_call execute",
            "tool_result execute failed exit 1 changes",
            "text",
            "tool_call run_tests changes",
            "tool_result run_tests completed",
            "tool_call danger",
        ]
        assert items[1].content == "written<hello>refused: /etc/passwd is outside of the workspace"
        assert items[3].result == "hello"
        assert items[4].content == "allow_alwaysready KILLHttpMcpServer"
        assert items[6].result == "2 passed, 1 failed (basics)"
        assert stage.tested == ["basics"]
        assert (stage.workspace / "deep" / "a.txt").read_text() == "hello"
        assert agent.outcome.outcome == "finished"
        assert not agent.steers

    on_stage(tmp_path, act)


def test_ends_and_failures_of_turns(tmp_path: Path) -> None:
    async def act(stage: Stage) -> None:
        async with example() as agent:
            await agent.prepare(stage.context)
            ends = []
            for prompt in ("stop refusal", "stop max_tokens", "fail on purpose"):
                await play(agent, prompt)
                ends.append((agent.outcome.outcome, agent.outcome.detail))
            assert [outcome for outcome, _ in ends] == ["error", "finished", "error"]
            assert "limit" in ends[1][1]
            assert "on purpose" in ends[2][1]
            began = time.monotonic()
            stream: Any = agent.turn("say before\nraw {}\nsleep 100")
            async for item in stream:
                assert item.content == "before "
                break
            await stream.aclose()
            assert time.monotonic() - began < 50, "it did not wait for the command"
            assert agent.outcome.outcome == "interrupted"
            assert said(await play(agent, "say ready")) == "ready "
            await play(agent, "die now")
            assert agent.outcome.dead
            assert "exit code 7" in agent.outcome.detail
            assert "these are my last words" in agent.outcome.detail
            assert stage.context.activity.dead
            # The next turn has a new process, which loads the session.
            assert "die now" in said(await play(agent, "kept"))
            assert stage.codes == ["unknown_item"]

    on_stage(tmp_path, act)


def test_an_agent_that_does_not_listen_is_ended(tmp_path: Path) -> None:
    async def act(stage: Stage) -> None:
        async with example("deaf") as agent:
            await agent.prepare(stage.context)
            stream: Any = agent.turn("say before\nthink x\nsleep 100")
            async for _ in stream:
                break
            began = time.monotonic()
            await stream.aclose()
            assert time.monotonic() - began < 50, "it did not wait for the command"
            assert "before" in said(await play(agent, "kept"))

    on_stage(tmp_path, act)


@pytest.mark.parametrize("lost", [False, True])
def test_the_session_is_loaded_or_told(tmp_path: Path, lost: bool) -> None:
    async def act(stage: Stage) -> None:
        async with example() as agent:
            await agent.prepare(stage.context)
            past = recorded("say one", await play(agent, "say one"))
            memory = agent.memory()
        async with example("no-load" if lost else "") as agent:
            await agent.resume(stage.context, *past, memory)
            items = await play(agent, "kept")
            assert stage.codes == (["session_lost"] if lost else [])
            text = said(items)
            assert ("say one" in text) == (not lost or "transcript" in text)
            assert "before:" not in text
            assert ("transcript" in text) == lost

    on_stage(tmp_path, act)


def test_the_rest_of_a_turn_begins_with_what_happened(tmp_path: Path) -> None:
    async def act(stage: Stage) -> None:
        async with example() as agent:
            await agent.prepare(stage.context)
            past = recorded("say one", await play(agent, "say one"))
        async with example() as agent:
            await agent.resume(stage.context, *past, None)
            assert "interrupted in the middle" in said(await play(agent, None))

    on_stage(tmp_path, act)


def test_the_tests_are_reached_without_http(tmp_path: Path) -> None:
    async def act(stage: Stage) -> None:
        async with example("stdio-mcp") as agent:
            await agent.prepare(stage.context)
            items = await play(agent, "servers all\ntest loops")
        assert said(items) == "McpServerStdio"
        assert items[-1].result == "2 passed, 1 failed (loops)"

    on_stage(tmp_path, act)


def test_logging_in(tmp_path: Path) -> None:
    async def act(stage: Stage) -> None:
        async with example("variables") as agent:
            await agent.prepare(stage.context)
            assert said(await play(agent, "say in")) == "in "
        async with example("login") as agent:
            with pytest.raises(MachineError, match="Log in: with a browser"):
                await agent.prepare(stage.context)

    on_stage(tmp_path, act)


@pytest.mark.parametrize("command", ["/bin/false", "/bin/echo this is no agent"])
def test_a_program_that_is_no_agent(tmp_path: Path, command: str) -> None:
    async def act(stage: Stage) -> None:
        agent = AcpAgent(command)
        try:
            with pytest.raises(MachineError, match="could not be started as an ACP agent"):
                await agent.prepare(stage.context)
        finally:
            await agent.close()

    on_stage(tmp_path, act)
