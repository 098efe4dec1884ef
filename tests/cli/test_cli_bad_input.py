"""Each wrong input gets one clear sentence with the place and the remedy, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple


class Said(NamedTuple):
    code: int
    out: str
    err: str


def _run(task: Path, script: Path, *more: str | Path) -> list[str | Path]:
    return ["run", "--task", task, "--model", f"scripted:{script}", *more]


def _clear(said: Any, code: int, *words: str) -> None:
    assert said.code == code, said.err
    assert "Traceback" not in said.err
    for word in words:
        assert word in said.err, said.err
    assert said.err.startswith("error: "), said.err
    assert len(said.err.splitlines()) <= 5


def test_an_unknown_task(loopwright: Any, tiny_script: Path, tmp_path: Path) -> None:
    _clear(loopwright(*_run(tmp_path / "gret", tiny_script)), 2, f"error: {tmp_path / 'gret'}: there is no such task")


def test_an_unknown_agent(loopwright: Any, tiny_task: Path, tiny_script: Path) -> None:
    _clear(loopwright(*_run(tiny_task, tiny_script, "--agent", "nativ")), 2, "nativ", "Did you mean native?")


def test_an_agent_that_is_not_here_is_not_replaced(
    loopwright: Any, tiny_task: Path, tiny_script: Path, tmp_path: Path
) -> None:
    nowhere = {"LOOPWRIGHT_AGENTS": str(tmp_path / "none"), "PATH": "/usr/bin:/bin"}
    words = ("--agent", "opencode", "--model", f"scripted:{tiny_script}")
    said = loopwright("run", "--task", tiny_task, *words, env=nowhere)
    _clear(said, 3, "opencode", "loopwright agents install opencode")
    # What was typed wrong is said first.
    _clear(loopwright("run", "--task", tmp_path / "nope", *words, env=nowhere), 2, "nope")


def test_an_unknown_model_scheme(loopwright: Any, tiny_task: Path) -> None:
    said = loopwright("run", "--task", tiny_task, "--agent", "native", "--model", "opnai/gpt")
    _clear(said, 2, "opnai/gpt")


def test_a_model_without_a_key(loopwright: Any, tiny_task: Path) -> None:
    said = loopwright("run", "--task", tiny_task, "--agent", "native", "--model", "openai/gpt-5")
    _clear(said, 3, "OPENAI_API_KEY")


def test_no_model_at_all(loopwright: Any, tiny_task: Path) -> None:
    _clear(loopwright("run", "--task", tiny_task, "--agent", "native"), 2, "model")


def test_an_unknown_flag_value(loopwright: Any, tiny_task: Path, tiny_script: Path) -> None:
    said = loopwright(*_run(tiny_task, tiny_script, "--max-parts", "many"))
    assert said.code == 2
    assert "--max-parts" in said.err


def test_an_unknown_sandbox(loopwright: Any, tiny_task: Path, tiny_script: Path) -> None:
    _clear(loopwright(*_run(tiny_task, tiny_script, "--sandbox", "bwarp")), 2, "bwarp", "bwrap")


def test_an_unknown_key_in_task_toml(loopwright: Any, tiny_task: Path, tiny_script: Path) -> None:
    with (tiny_task / "task.toml").open("a") as file:
        file.write("paralel = 2\n")
    _clear(loopwright(*_run(tiny_task, tiny_script)), 2, "paralel", "parallel", "task.toml")


def test_a_task_without_tests(loopwright: Any, tiny_task: Path, tiny_script: Path) -> None:
    (tiny_task / "environment.py").write_text("x = 1\n")
    _clear(loopwright(*_run(tiny_task, tiny_script)), 2, "environment.py", "test")


def test_a_script_with_an_unknown_key(loopwright: Any, tiny_task: Path, tiny_script: Path) -> None:
    tiny_script.write_text(tiny_script.read_text().replace("about:", "abuot:"))
    _clear(loopwright(*_run(tiny_task, tiny_script)), 2, "abuot", "about")


def test_a_script_that_is_not_there(loopwright: Any, tiny_task: Path, tmp_path: Path) -> None:
    _clear(loopwright(*_run(tiny_task, tmp_path / "none.yaml")), 2, "none.yaml")


def test_bubblewrap_is_missing(tiny_task: Path, tiny_script: Path, tmp_path: Path) -> None:
    found = shutil.which("bwrap")
    assert found
    words = [sys.executable, "-m", "loopwright", *map(str, _run(tiny_task, tiny_script))]
    # In a mount namespace of its own, an empty file covers the program.
    hide = f'mount --bind /dev/null {found} && exec "$@"'
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", hide, "sh", *words],
        capture_output=True,
        env={**os.environ, "LOOPWRIGHT_HOME": str(tmp_path / "home")},
        check=False,
        timeout=100,
    )
    _clear(Said(done.returncode, done.stdout.decode(), done.stderr.decode()), 3, "bwrap")
    assert not (tmp_path / "home").exists()


def test_a_home_that_cannot_be_written(loopwright: Any, tiny_task: Path, tiny_script: Path) -> None:
    said = loopwright(*_run(tiny_task, tiny_script), env={"LOOPWRIGHT_HOME": "/proc/loopwright"})
    _clear(said, 3, "/proc/loopwright")


def test_a_home_under_a_file(loopwright: Any, tiny_task: Path, tiny_script: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = loopwright(*_run(tiny_task, tiny_script), env={"LOOPWRIGHT_HOME": str(tmp_path / "file" / "home")})
    _clear(said, 3, "file")


def test_a_store_of_an_unknown_kind(loopwright: Any, tiny_task: Path, tiny_script: Path) -> None:
    _clear(loopwright(*_run(tiny_task, tiny_script, "--store", "gs://bucket")), 2, "gs://")


def test_the_host_sandbox_inside_a_repository(
    loopwright: Any, tiny_task: Path, tiny_script: Path, tmp_path: Path
) -> None:
    repository = tmp_path / "mine"
    repository.mkdir()
    subprocess.run(["git", "init", "-q", repository], check=True)
    said = loopwright(
        *_run(tiny_task, tiny_script, "--sandbox", "host"),
        env={"LOOPWRIGHT_HOME": str(repository / ".loopwright")},
    )
    _clear(said, 2, str(repository), "LOOPWRIGHT_HOME")
    assert not (repository / ".loopwright").exists()


def test_an_unknown_run(loopwright: Any) -> None:
    for command in ("show", "status", "graph", "verify", "resume", "stop", "logs", "attach", "recover"):
        _clear(loopwright(command, "abc"), 2, "abc")


def test_an_unknown_command_says_which_was_meant(loopwright: Any) -> None:
    _clear(loopwright("shwo"), 2, "There is no command 'shwo'.", "Did you mean show?")
    _clear(loopwright("qqq"), 2, "Type: loopwright --help")


def test_a_wrong_flag_or_argument_names_the_help_that_tells_the_right_ones(loopwright: Any) -> None:
    for words in (("show",), ("show", "x", "--prt", "3"), ("show", "x", "--part", "0"), ("list", "more")):
        _clear(loopwright(*words), 2, f"\n       Type: loopwright {words[0]} --help\n")
    _clear(loopwright("agents", "check"), 2, "Type: loopwright agents check --help")


def test_no_command_at_all_is_told_what_there_is(loopwright: Any) -> None:
    said = loopwright()
    assert said.code == 2
    assert said.err.startswith("Usage: loopwright [OPTIONS] COMMAND")
    assert "error" not in said.err


def test_no_runs_yet(loopwright: Any) -> None:
    said = loopwright("list")
    assert said.code == 0
    assert "no runs" in said.out


def test_an_impossible_id(loopwright: Any, tiny_task: Path, tiny_script: Path, tmp_path: Path) -> None:
    _clear(loopwright(*_run(tiny_task, tiny_script, "--trajectory-id", "../../x")), 2, "../../x")
    assert not (tmp_path / "x").exists()
