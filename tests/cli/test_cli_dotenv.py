"""`.env`, from which `main.py` takes keys."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from tests.cli.agent_stage import Stage

from loopwright.base import UsageError
from loopwright.cli._dotenv import load_dotenv

MAIN = Path(__file__).parents[2] / "main.py"


def _loaded(folder: Path, text: str) -> dict[str, str]:
    (folder / ".env").write_text(text)
    with patch.dict(os.environ, {"THERE": "mine"}, clear=True):
        load_dotenv(folder / ".env")
        return {name: value for name, value in os.environ.items() if name != "THERE" or value != "mine"}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("  export A = b c # why", "b c"),
        ("A=b#c", "b#c"),
        ("A='b # c' # why", "b # c"),
        ('A="b=$HOME"', "b=$HOME"),
        ("A=", ""),
        ("A= # nothing", ""),
    ],
)
def test_a_line_is_a_variable(tmp_path: Path, line: str, value: str) -> None:
    assert _loaded(tmp_path, f"# keys\n\n{line}\nTHERE=other\n") == {"A": value}


@pytest.mark.parametrize("line", ["sk-secret", "A-B=c", "=c", "A=b\0"])
def test_another_line_is_told_by_its_number_and_not_shown(tmp_path: Path, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        _loaded(tmp_path, f"A=b\n{line}\n")
    assert str(caught.value.where).endswith(".env:2")
    assert "secret" not in str(caught.value)


def test_there_need_not_be_one(tmp_path: Path) -> None:
    load_dotenv(tmp_path / ".env")
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="cannot be read"):
        load_dotenv(tmp_path / "binary")


@pytest.mark.slow
def test_main_takes_the_key_from_the_file_beside_it(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    shutil.copy(MAIN, tmp_path / "main.py")

    def said() -> tuple[int, str]:
        words = [sys.executable, "main.py", "--schema-v2", str(stage.profile()), "--task", str(stage.task())]
        quiet = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
        # No sandbox of that name: what is said next, once there is a key.
        done = subprocess.run(
            [*words, "--sandbox", "none"], cwd=tmp_path, env=quiet, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stderr

    assert "OPENAI_API_KEY" in said()[1]
    (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-planted\n")
    code, told = said()
    assert (code, "sandbox" in told, "sk-planted" in told) == (2, True, False), told
