"""Time mini-swe-agent's own saving; run by `bench_journal.py` with a Python that has `mini-swe-agent`.

    python mini_swe_agent_save.py FOLDER BYTES TIMES POSITION...

The agent saves after each step; a step is two messages, and stands here for one part. Prints one line of JSON: for
each position, the seconds of TIMES saves at that many steps; of three beyond 10,000 steps, where one takes long.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any


class _Part:
    """What the agent asks of its model and of its environment when it saves: what they add to the file."""

    def serialize(self) -> dict[str, Any]:
        return {"info": {}}


def main(folder: Path, size: int, times: int, positions: list[int]) -> None:
    os.environ["MSWEA_SILENT_STARTUP"] = "1"
    os.environ["MSWEA_GLOBAL_CONFIG_DIR"] = str(folder)
    from minisweagent.agents.default import DefaultAgent

    agent = DefaultAgent(_Part(), _Part(), system_template="", instance_template="")
    found: dict[int, list[float]] = {}
    for position in sorted(positions):
        while len(agent.messages) < 2 * position:
            agent.add_messages(
                {"role": "assistant", "content": "x" * (size // 2), "extra": {"cost": 0.0}},
                {"role": "user", "content": "y" * (size // 2)},
            )
        found[position] = [_save(agent, folder / "trajectory.json") for _ in range(times if position <= 10_000 else 3)]
    print(json.dumps(found))


def _save(agent: Any, path: Path) -> float:
    begin = time.perf_counter()
    agent.save(path)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), [int(word) for word in sys.argv[4:]])
