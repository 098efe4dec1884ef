"""`opencode acp`, the real program, on a scripted model."""

from __future__ import annotations

import time
from pathlib import Path

import anyio
import pytest
from tests.agents.foreign_stage import brief, open_stage, play, play_until, recorded, requested

from loopwright.agents.acp import AcpAgent

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parents[1] / "golden" / "agents" / "script.yaml"
MORE = "\n  - calls:\n      - shell: sleep 100\n  - say: After the interruption.\n"


async def two_lives(folder: Path) -> None:
    async with open_stage(folder, GOLDEN.read_text() + MORE) as stage:
        agent = AcpAgent("opencode")
        try:
            await agent.prepare(stage.context)
            items = await play(agent, "Play.")
            briefs = [brief(item) for item in items]
            assert briefs[:4] == ["reasoning", "text", "tool_call write", "tool_result write completed changes"]
            assert "tool_result bash failed exit 3 changes" in briefs
            assert briefs[-1] == "text"
            assert stage.tested == ["basics", ""]
            assert {path.name: path.read_bytes() for path in stage.workspace.iterdir()} == {"notes.txt": b"two\n"}
            began = time.monotonic()
            await play_until(agent, "Sleep.", "bash")
            assert agent.outcome.outcome == "interrupted"
            assert time.monotonic() - began < 80, "it did not wait for the command"
            assert [item.content for item in await play(agent, "Go on.")] == ["After the interruption."]
        finally:
            await agent.close()
    one = "version: 1\nname: one\nreplies:\n  - say: Here I am.\n"
    async with open_stage(folder, one) as stage:
        agent = AcpAgent("opencode")
        try:
            await agent.resume(stage.context, *recorded("Play.", items), None)
            assert [item.content for item in await play(agent, None)] == ["Here I am."]
            assert stage.codes == []
            assert "I write a file." in requested(stage.calls[-1])
        finally:
            await agent.close()


def test_opencode_over_acp(tmp_path: Path) -> None:
    anyio.run(two_lives, tmp_path)
