"""Small tasks and submissions, made in tmp_path."""

from __future__ import annotations

import itertools
import json
import os
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

# Starts the runner, and ends it with all that it started when we are killed: here is no sandbox that would do it.
_STARTER = """
import ctypes, os, signal, sys
sys.path.append(sys.argv[2])
from loopwright.harness._linux import adopt_orphans, kill_orphans
def end(*_):
    kill_orphans(set())
    os._exit(1)
signal.signal(signal.SIGTERM, end)
ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)  # PR_SET_PDEATHSIG
if os.getppid() != int(sys.argv[1]):
    end()
adopt_orphans()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
runner = os.fork()
if runner == 0:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.execv(sys.executable, [sys.executable, "-I", "-S", *sys.argv[3:]])
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
sys.exit(os.waitstatus_to_exitcode(os.waitpid(runner, 0)[1]))
"""


def runner_argv() -> list[str]:
    """The command for the test runner that does not outlive this process."""
    package = RUNNER.parents[2]
    return [sys.executable, "-I", "-S", "-c", _STARTER, str(os.getpid()), str(package), str(RUNNER)]


@pytest.fixture(name="runner_argv")
def _runner_argv() -> list[str]:
    return runner_argv()


@pytest.fixture
def run_runner(make_task: MakeTask, tmp_path: Path) -> RunRunner:
    """Run the test runner without a sandbox; gives its lines. Keywords change the request."""

    numbers = itertools.count()

    def run(environment: str, **changes: Any) -> list[dict[str, Any]]:
        folder = make_task(environment, name=f"task{next(numbers)}")
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
            "build_seconds": 60,
            "test_seconds": 60,
            "memory_mb": 1024,
            "build_memory_mb": 4096,
            "processes": 64,
            "output_kb": 64,
        }
        given = json.dumps(request | changes).encode()
        done = subprocess.run(runner_argv(), input=given, capture_output=True, timeout=200)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run
