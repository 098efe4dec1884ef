"""Record the golden stream of Claude Code: `python -m tests.golden.agents.claude.record`, in the root of the checkout.

Writes `<version>.jsonl` beside this file: the lines of two turns as they came from the real CLI. The first plays the
script that all agents play; the second is told more while a tool runs, and meets a call to the model that fails.
`2.1.197.jsonl` is from an older version, which tells neither its state nor what becomes of messages.
"""

from __future__ import annotations

import tempfile
from contextlib import aclosing
from pathlib import Path
from typing import Any
from unittest.mock import patch

import anyio
from tests.agents.foreign_stage import open_stage, play
from tests.agents.programs_fixture import ensure_agents

from loopwright.agents.claude import ClaudeAgent
from loopwright.agents.claude.link import Link

HERE = Path(__file__).parent
SCRIPT = HERE.parent / "script.yaml"
_MORE = """\
  - say: I wait a moment.
    calls:
      - shell: sleep 0.7
  - fault: {status: 529, times: 1}
    say: I was told more.
"""


async def record() -> None:
    """Play the script once, and write down the lines."""
    told: list[bytes] = []
    real = Link.line

    async def line(self: Link) -> bytes | None:
        got = await real(self)
        if got is not None:
            told.append(got)
        return got

    ensure_agents("claude")
    agent = ClaudeAgent()
    version = agent.check().version
    with tempfile.TemporaryDirectory() as folder, patch.object(Link, "line", line):
        async with open_stage(Path(folder), SCRIPT.read_text() + _MORE) as stage:
            try:
                await agent.prepare(stage.context)
                await play(agent, "Play.")
                await _play_and_tell(agent)
            finally:
                await agent.close()
    (HERE / f"{version}.jsonl").write_bytes(b"\n".join(told) + b"\n")


async def _play_and_tell(agent: ClaudeAgent) -> None:
    stream: Any = agent.turn("Play on.")
    async with aclosing(stream) as items:
        async for item in items:
            if item.part_type == "tool_call":
                await agent.steer("And do the other thing as well.")


if __name__ == "__main__":
    anyio.run(record)
