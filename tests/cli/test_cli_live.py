"""Steering, limiting, forking and resuming in the background, by the real command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Finished, Loopwright, caller

pytestmark = pytest.mark.slow


def _until(look: Callable[[], Any], seconds: float = 100.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def _status(loopwright: Loopwright, run: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(loopwright("status", run, "--json").out)
    return facts


@pytest.fixture
def running(loopwright: Loopwright, probe: Any, tiny_task: Path, tiny_script: Path) -> Iterator[str]:
    """A run in the background that would go on for minutes."""
    plan = probe([["say", "a"], ["sleep", 1], ["say", "b"], ["sleep", 300]])
    words = ["run", "--task", tiny_task, "--agent", plan, "--model", f"scripted:{tiny_script}", "--detach"]
    said = loopwright(*words, "--trajectory-id", "live")
    assert said.code == 0, said.err
    _until(lambda: _status(loopwright, "live")["parts"])
    yield "live"
    loopwright("stop", "live")


def test_steer_and_limit_reach_a_run_that_goes_on(loopwright: Loopwright, running: str) -> None:
    said = loopwright("steer", running, "mind the gap")
    assert (said.code, said.out) == (0, "told\n")
    later = json.loads(loopwright("steer", running, "you are deaf", "--json").out)
    assert later["delivered"] == "next_turn"
    limited = loopwright("limit", running, "--max-tokens", "5000")
    assert limited.out == "limits of live are now: 1,000 parts, 5,000 tokens\n"
    ended = json.loads(loopwright("limit", running, "--max-parts", "1", "--json").out)
    assert ended["detail"] == "part_limit reached"
    _until(lambda: _status(loopwright, running)["status"] == "ended")
    shown = loopwright("show", running).out
    assert "told after part" in shown
    assert "mind the gap" in shown
    assert "5.0k" in shown or "5,000 tokens" in shown
    late = loopwright("stop", running)
    assert (late.code, "The run live is not running: it has ended (part limit)." in late.err) == (2, True)


def test_what_makes_no_sense_is_said_in_one_sentence(finished: Finished) -> None:
    call = finished.loopwright
    for words, remedy in (
        (("limit", "tiny-run", "--max-parts", "9"), "loopwright fork tiny-run --part N"),
        (("steer", "tiny-run", "hello"), "it is solved"),
        (("limit", "tiny-run"), "--max-parts N"),
        (("steer", "tiny-run", "  "), "what the agent should know"),
        (("fork", "tiny-run", "--part", "999"), "Its parts are 1 to"),
        (("fork", "tiny-run", "--agent", "codx"), "codex"),
    ):
        said = call(*words)
        assert said.code == 2, words
        assert remedy in said.err, (words, said.err)
        assert len(said.err.splitlines()) <= 2


def test_a_fork_is_listed_shown_and_drawn_as_one(finished: Finished, tmp_path: Path) -> None:
    shutil.copytree(finished.folder / "home", tmp_path / "home", ignore=shutil.ignore_patterns("*.sock"))
    call = caller(tmp_path)
    said = call("fork", "tiny-run", "--part", "6", "--trajectory-id", "forked", "--plain")
    assert said.code == 0, said.err
    assert "forked from tiny-run after part 6" in said.out
    assert "(fork of tiny-run at 6)" in call("list").out
    assert "forked from  tiny-run, after part 6" in call("show", "forked").out
    assert "forked from  tiny-run, after part 6" in call("status", "forked").out
    facts = json.loads(call("graph", "forked", "--output", tmp_path, "--json").out)["trajectory"]
    assert (facts["parent"], facts["parent_part"]) == ("tiny-run", 6)
    assert call("verify", "forked").code == 0
    detached = call("fork", "tiny-run", "--part", "3", "--trajectory-id", "behind", "--detach")
    assert detached.code == 0, detached.err
    assert _until(lambda: _status(call, "behind")["reason"]) == "solved"


def test_resume_in_the_background(loopwright: Loopwright, tiny_task: Path, tiny_script: Path) -> None:
    words = ["run", "--task", tiny_task, "--model", f"scripted:{tiny_script}", "--trajectory-id", "short"]
    began = loopwright(*words, "--max-parts", "3", "--max-silence", "77", "--on-silence", "end")
    assert began.code == 1
    assert "part_limit: 3 of 3 parts used\n" in began.out
    assert "Go on with:\n  " in began.out
    assert began.out.endswith("loopwright resume short --max-parts N\n")
    told = loopwright("steer", "short", "hello").err
    assert "it has ended (part limit)" in told
    assert "loopwright resume short" in told
    child = loopwright("fork", "short", "--trajectory-id", "child", "--max-tokens", "99000")
    assert "limits, counted from here: 3 parts, 99,000 tokens\n" in child.out
    options = json.loads(loopwright("show", "child", "--json").out)["options"]
    assert (options["max_silence"], options["on_silence"]) == (77.0, "end")
    said = loopwright("resume", "short", "--detach", "--max-parts", "100")
    assert said.code == 0, said.err
    assert "detached as process" in said.out
    assert _until(lambda: _status(loopwright, "short")["status"] == "ended" and _status(loopwright, "short")["reason"])
    assert _until(lambda: _status(loopwright, "short")["reason"] == "solved")
    assert "run_ended reason=solved" in loopwright("logs", "short", "--process").out


def test_attach_shows_what_is_on_its_way(
    loopwright: Loopwright, probe: Any, tiny_task: Path, tiny_script: Path, tmp_path: Path
) -> None:
    plan = probe([["hint", "soon\n", "seen"], ["say", "one line\nand another\nthe rest"], ["sleep", 1]], [["exit", 1]])
    words = ["run", "--task", tiny_task, "--agent", plan, "--model", f"scripted:{tiny_script}", "--detach"]
    assert loopwright(*words, "--trajectory-id", "live", "--max-turns", "1").code == 0
    home = tmp_path / "home"
    deltas: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-m", "loopwright", "attach", "live", "--plain"],
        env={**os.environ, "LOOPWRIGHT_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    ) as watching:
        assert watching.stdout is not None
        for line in watching.stdout:
            if line.startswith("------ "):
                deltas.append(line.rstrip().partition(" delta ")[2])
            if deltas == ["kind=text soon"]:
                (home / "trajectories" / "live" / "scratch" / "seen").touch()
    assert watching.returncode == 0
    assert [delta for delta in deltas if delta != "kind=text soon"] == ["kind=text one line", "kind=text and another"]
