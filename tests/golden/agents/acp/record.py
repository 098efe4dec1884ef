"""Record the golden stream of ACP: `python -m tests.golden.agents.acp.record`, in the root of the checkout.

Writes `opencode-<version>.jsonl` beside this file: all messages that `opencode acp` sent in one turn.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest.mock import patch

import anyio
from tests.agents.foreign_stage import open_stage, play

from loopwright.agents.acp import AcpAgent
from loopwright.agents.acp.link import Link

HERE = Path(__file__).parent
SCRIPT = HERE.parent / "script.yaml"


async def record() -> None:
    """Play the script once, and write down the lines."""
    told: list[bytes] = []
    real = Link._line

    async def line(self: Link, text: bytes) -> None:
        told.append(text)
        await real(self, text)

    agent = AcpAgent("opencode")
    version = agent.check().version
    with tempfile.TemporaryDirectory() as folder, patch.object(Link, "_line", line):
        async with open_stage(Path(folder), SCRIPT.read_text()) as stage:
            try:
                await agent.prepare(stage.context)
                await play(agent, "Play.")
            finally:
                await agent.close()
    (HERE / f"opencode-{version}.jsonl").write_bytes(b"\n".join(told) + b"\n")


if __name__ == "__main__":
    anyio.run(record)
