"""Record the golden stream of OpenCode: `python -m tests.golden.agents.opencode.record`, in the root of the checkout.

Writes `<version>.jsonl` beside this file: the events of one turn, as they came from the real server.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import anyio
from msgspec import json
from tests.agents.foreign_stage import open_stage, play

from loopwright.agents.opencode import OpenCodeAgent
from loopwright.agents.opencode.client import Client

HERE = Path(__file__).parent
SCRIPT = HERE.parent / "script.yaml"
_NOISE = ("plugin.added", "catalog.updated", "server.heartbeat")


async def record() -> None:
    """Play the script once, and write down the events."""
    told: list[dict[str, Any]] = []
    real = Client.events

    async def events(self: Client) -> AsyncGenerator[dict[str, Any], None]:
        async for event in real(self):
            told.append(event)
            yield event

    agent = OpenCodeAgent()
    version = agent.check().version
    with tempfile.TemporaryDirectory() as folder, patch.object(Client, "events", events):
        async with open_stage(Path(folder), SCRIPT.read_text()) as stage:
            try:
                await agent.prepare(stage.context)
                await play(agent, "Play.")
            finally:
                await agent.close()
    kept = [json.encode(event) for event in told if event["type"] not in _NOISE]
    (HERE / f"{version}.jsonl").write_bytes(b"\n".join(kept) + b"\n")


if __name__ == "__main__":
    anyio.run(record)
