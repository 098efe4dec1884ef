"""What is said around a run: safe to show, and a command that can be copied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from loopwright.cli._foreground import banner, epilogue
from loopwright.record import RunDir
from loopwright.record.events import RunEnded
from loopwright.record.samples import at, run_started


def test_what_a_program_said_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "it died:\n\x1b]0;owned\x07\x1b[2J\u202e"
    banner(replace(run_started("one"), agent_model=hostile, artifacts={"agent_trace": "a", "repo_bundle": "b"}))
    epilogue(RunDir(tmp_path, "one"), RunEnded(at(1), "agent_error", 1, 2, "c" * 40, None, hostile))
    shown = capsys.readouterr().out
    assert "it died:\n␛]0;owned" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    assert "1 part in 2 turns; files at commit cccccccccccc\n" in shown


@pytest.mark.parametrize(
    ("reason", "detail", "more"),
    [("part_limit", "", " --max-parts N"), ("turn_limit", "2 of 2 turns used", " --max-turns N"), ("stopped", "", "")],
)
def test_a_run_that_may_go_on_says_how(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], reason: str, detail: str, more: str
) -> None:
    ended = replace(RunEnded(at(1), "solved", 7, 1, "c" * 40), detail=detail)
    epilogue(RunDir(tmp_path, "one"), ended)
    assert "Go on with" not in capsys.readouterr().out
    epilogue(RunDir(tmp_path, "one"), replace(ended, reason=reason))
    assert f" resume one{more}\n" in capsys.readouterr().out


@pytest.mark.slow
def test_a_script_that_has_ended_would_end_again(loopwright: Any, tiny_task: Path, tmp_path: Path) -> None:
    script = tmp_path / "short.yaml"
    script.write_text("version: 1\nname: short\nreplies:\n  - calls: [{shell: ls}]\n  - say: That is all.\n")
    said = loopwright("run", "--task", tiny_task, "--model", f"scripted:{script}", "--trajectory-id", "short")
    assert said.code == 3
    assert said.out.splitlines()[-2:] == ["Go on with:", "  loopwright fork short --model scripted:FILE"]
