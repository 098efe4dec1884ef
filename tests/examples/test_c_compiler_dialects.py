"""The compiler is written three times, with edits in three syntaxes, and comes out the same to the byte."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.examples.small_compiler import write_small_compiler

from loopwright.gateway.scripted.load import load_script
from loopwright.record import PartAdded, read_events

ROOT = Path(__file__).parents[2]
TASK = ROOT / "examples" / "c_compiler"
DIALECTS = {"native": "function_call", "aider_diff": "aider_diff", "opencode_patch": "opencode_patch"}
_WRITER = runpy.run_path(str(ROOT / "examples" / "in_dialects.py"))


def _script(dialect: str, target: Path, task: Path = TASK) -> dict[str, Any]:
    profile = task / "profiles" / f"{dialect}.yaml"
    written: dict[str, Any] = _WRITER["in_dialects"](profile, task / "scripted.yaml", target, tests=False)
    target.write_text(_WRITER["text_of"](written, dialect))
    return written


def _run(folder: Path, task: Path, dialect: str, script: Path) -> dict[str, Any]:
    words = ["agent", task / "profiles" / f"{dialect}.yaml", "--task", task, "--model", f"scripted:{script}", "--json"]
    quiet = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    done = subprocess.run(
        [sys.executable, "-m", "loopwright", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        # One home for all: files that were graded before are not graded again.
        env={**quiet, "LOOPWRIGHT_HOME": str(folder / "home")},
    )
    assert done.returncode == 0, done.stderr + done.stdout
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_script_can_be_written_for_each(tmp_path: Path, dialect: str) -> None:
    written = _script(dialect, tmp_path / "script.yaml")
    load_script(tmp_path / "script.yaml")
    original = yaml.safe_load((TASK / "scripted.yaml").read_text())
    edits = sum("edit" in call for reply in original["replies"] for call in reply.get("calls", []))
    said = "\n".join(reply.get("say", "") for reply in written["replies"])
    marks = {"native": 0, "aider_diff": said.count("<<<<<<< SEARCH"), "opencode_patch": said.count("@@")}
    assert marks[dialect] == (0 if dialect == "native" else edits)


@pytest.mark.slow
def test_three_syntaxes_end_at_one_tree(tmp_path: Path) -> None:
    trees: dict[str, str] = {}
    # That it passes every case is tested beside this, once.
    task = write_small_compiler(tmp_path / "c_compiler")
    for dialect, item_type in DIALECTS.items():
        script = tmp_path / f"{dialect}.yaml"
        _script(dialect, script, task)
        facts = _run(tmp_path, task, dialect, script)
        assert facts["reason"] == "solved"
        events = [event for _, event in read_events(Path(facts["record"]) / "journal.jsonl")]
        parts = [event for event in events if isinstance(event, PartAdded)]
        edits = [part for part in parts if part.tool and part.tool.name in ("edit_file", "apply_patch")]
        assert {part.item_type.removesuffix("_output") for part in edits} == {item_type}
        assert {part.tool.status for part in edits if part.tool and part.part_type == "tool_result"} == {"completed"}
        trees[dialect] = next(part.checkpoint.tree for part in reversed(parts) if part.checkpoint is not None)
    assert len(set(trees.values())) == 1, trees
