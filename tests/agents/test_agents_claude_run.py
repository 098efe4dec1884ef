"""A whole run with the real Claude Code, killed in the middle of a turn and resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.agents.programs_fixture import ensure_agents
from tests.conftest import Loopwright

pytestmark = pytest.mark.slow

_SCRIPT = """\
version: 1
name: greeter
replies:
  - say: I write it, wrongly.
    calls:
      - write: {path: greet.sh, text: "echo hi $1\\n"}
  - calls:
      - shell: sleep 1; touch /tmp/begun; sleep 300
  - say: I was cut off, and go on.
    calls:
      - edit: {path: greet.sh, old: "hi", new: "hello"}
  - calls:
      - run_tests: words
  - say: All tests pass.
"""


def _events(journal: Path, kind: str) -> list[dict[str, Any]]:
    events = [json.loads(line)["event"] for line in journal.read_bytes().splitlines()]
    return [event for event in events if event["type"] == kind]


def test_killed_run_goes_on_in_the_same_session(tmp_path: Path, tiny_task: Path, loopwright: Loopwright) -> None:
    ensure_agents("claude")
    script = tmp_path / "claude.yaml"
    script.write_text(_SCRIPT)
    run = tmp_path / "home" / "trajectories" / "cut"
    words = ["run", "--task", str(tiny_task), "--model", f"scripted:{script}", "--agent", "claude"]
    running = subprocess.Popen(
        [sys.executable, "-m", "loopwright", *words, "--trajectory-id", "cut"],
        env={**os.environ, "LOOPWRIGHT_HOME": str(tmp_path / "home")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 100
    while not list(run.glob("*/begun")):
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL

    said = loopwright("resume", "cut")
    assert said.code == 0, said.err
    assert " run_resumed part=" in said.out
    journal = run / "journal.jsonl"
    assert _events(journal, "run_ended")[-1]["reason"] == "solved"
    assert _events(journal, "noticed") == []
    parts = _events(journal, "part_added")
    assert [part.get("reply") for part in parts if part["part_type"] == "text"] == [1, 3, 5]
    assert len({call["conversation"] for call in _events(journal, "model_called")}) == 1
    graded = _events(journal, "tests_graded")[0]
    tested = next(part for part in parts if part["part_type"] == "tool_result" and part["tool"]["name"] == "run_tests")
    assert tested["grade_ids"] == [graded["grade_id"]]


def test_on_the_host_it_works_in_the_runs_own_folder(
    tmp_path: Path, tiny_task: Path, tiny_script: Path, loopwright: Loopwright
) -> None:
    ensure_agents("claude")
    words = ["--task", tiny_task, "--model", f"scripted:{tiny_script}", "--sandbox", "host", "--trajectory-id", "open"]
    said = loopwright("run", "--agent", "claude", *words)
    assert said.code == 0, said.out[-2000:] + said.err
    run = tmp_path / "home" / "trajectories" / "open"
    assert (run / "workspace" / "greet.sh").read_text() == "echo hello $1\n"
    calls = [part["tool"] for part in _events(run / "journal.jsonl", "part_added") if part["part_type"] == "tool_call"]
    edited = [call["arguments"]["value"]["file_path"] for call in calls if call["name"] in ("Write", "Edit")]
    assert set(edited) == {str(run / "workspace" / "greet.sh")}
