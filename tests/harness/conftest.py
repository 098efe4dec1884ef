"""Small tasks and submissions, made in tmp_path."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from loopwright.harness._listing import RUNNER, list_tests

MakeTask = Callable[..., Path]

TASK_TOML = '[task]\nname = "small"\n'
ONE_TEST = """
from loopwright.harness.environment import suite

basics = suite("basics")

@basics.test("nothing")
def nothing() -> None:
    pass
"""


@pytest.fixture
def make_task(tmp_path: Path) -> MakeTask:
    """Write a task folder; `environment` is dedented, `toml` is added to `[task]`."""

    def make(
        environment: str = ONE_TEST, toml: str = "", *, name: str = "task", files: Mapping[str, str] | None = None
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "task.toml").write_text(TASK_TOML + textwrap.dedent(toml))
        (folder / "instruction.md").write_text("Do it.\n")
        (folder / "environment.py").write_text(textwrap.dedent(environment))
        write_files(folder, files or {})
        return folder

    return make


@pytest.fixture
def make_workspace(tmp_path: Path) -> MakeTask:
    """Write a submission: files by name; those that begin with `#!` are executable."""

    def make(files: Mapping[str, str], *, name: str = "submission") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        write_files(folder, files)
        return folder

    return make


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        if text.startswith("#!"):
            path.chmod(0o755)


RunRunner = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def run_runner(make_task: MakeTask, tmp_path: Path) -> RunRunner:
    """Run the test runner without a sandbox; gives its lines. Keywords change the request."""

    def run(environment: str, **changes: Any) -> list[dict[str, Any]]:
        folder = make_task(environment)
        for name in ("workspace", "cases"):
            (tmp_path / name).mkdir(exist_ok=True)
        request: dict[str, Any] = {
            "mode": "grade",
            "environment": str(folder / "environment.py"),
            "workspace": str(tmp_path / "workspace"),
            "cases": str(tmp_path / "cases"),
            "hidden": [],
            "isolated": False,
            "tests": [test.id for test in list_tests(folder / "environment.py")],
            "parallel": 2,
            "build_seconds": 5,
            "test_seconds": 5,
            "memory_mb": 1024,
            "build_memory_mb": 4096,
            "processes": 64,
            "output_kb": 64,
        }
        argv = [sys.executable, "-I", "-S", str(RUNNER)]
        done = subprocess.run(argv, input=json.dumps(request | changes).encode(), capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run
