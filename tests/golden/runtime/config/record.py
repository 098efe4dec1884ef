"""Write the golden requests of the shipped profiles again: `python -m tests.golden.runtime.config.record`."""

from __future__ import annotations

import json
from pathlib import Path

import anyio

from loopwright.runtime.agent import Harness
from loopwright.runtime.agent.asking import request_of
from loopwright.runtime.agent.dialogue import Dialogue
from loopwright.runtime.agent.modes import Position
from loopwright.runtime.config import load_config
from loopwright.runtime.providers.preview import request_bytes

__all__ = ["FOLDER", "PROFILES", "first_requests"]

FOLDER = Path(__file__).parent
PROFILES = sorted((FOLDER.parents[3] / "agent_configs").glob("*.yaml"))


def first_requests(profile: Path) -> dict[str, str]:
    """The first request of each mode, as indented JSON, by the name of its golden file."""
    loaded = load_config(profile)
    model = loaded.config.providers.default_model
    harness = Harness(loaded, model, model)
    found = {}
    for mode in loaded.config.modes:
        dialogue = Dialogue(harness)
        dialogue.position = Position(0, mode.name)
        dialogue.prompt("(the task)")
        path, body = anyio.run(request_bytes, harness.api, request_of(dialogue))
        text = json.dumps({"path": path, "body": json.loads(body)}, indent=1, ensure_ascii=False)
        found[f"{profile.stem}.{mode.name}.json"] = text + "\n"
    return found


if __name__ == "__main__":
    for each in PROFILES:
        for name, text in first_requests(each).items():
            (FOLDER / name).write_text(text)
