"""Fixtures that every test may use."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

# A busy machine makes an example slow, not wrong; and the same examples are tried each time, so that a gate that was
# passed once is passed again. `HYPOTHESIS_PROFILE=search` tries others each time: for whoever looks for what is wrong.
settings.register_profile("same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", settings.get_profile("same"), derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
if os.environ.get("HYPOTHESIS_PROFILE", "same") == "same":
    # It would also try what stands in the modules that were loaded so far: in each test process others.
    providers._get_local_constants = lambda: providers._local_constants

# A shell ignores these for what it starts with `&`, and so would all programs that the tests start and signal.
for _number, _handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGQUIT, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes seconds on an idle machine may take minutes on a busy one, and is not wrong for that."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_SLOW_SECONDS))


_SLOW_SECONDS = 400


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, the loop that uvicorn gives us."""
    return "asyncio"


_TASK_TOML = """\
[task]
name = "greet"
description = "Say hello to whoever is named."
version = "1"

[tests]
timeout_seconds = 60
visible = ["words"]
"""

_ENVIRONMENT = """\
from loopwright.harness.environment import expect_equal, run, setup, suite, workspace

words = suite("words")


@setup
def build() -> None:
    run(["sh", "build.sh"], timeout=60, check=True)


@words.test("{name}", params=[{"name": name} for name in ("ada", "alan", "grace")])
def greets(name: str) -> None:
    done = run(["sh", f"{workspace()}/greet.sh", name], timeout=60)
    expect_equal(done.stdout.decode(), f"hello {name}\\n")
"""

_SCRIPT = """\
version: 1
name: scripted-greeter
about: writes greet.sh, wrongly at first
price: {input: 1.0, output: 2.0}
replies:
  - think: I look at what is there.
    say: Let me look.
    calls:
      - shell: ls; seq 2000
  - say: I write the program.
    calls:
      - write: {path: greet.sh, text: "echo hi $1\\n"}
      - run_tests: ""
  - think: It says hi, it should say hello.
    calls:
      - edit: {path: greet.sh, old: "hi", new: "hello"}
      - shell: "sh greet.sh you; false"
      - run_tests: words/ada
  - calls:
      - run_tests: words
  - say: All tests pass.
"""


def write_tiny_task(folder: Path) -> Path:
    """A task of three tests that is graded in a moment: a shell script has to say hello."""
    (folder / "files").mkdir(parents=True)
    (folder / "task.toml").write_text(_TASK_TOML)
    (folder / "instruction.md").write_text("Write greet.sh, which says hello to its first argument.\n")
    (folder / "environment.py").write_text(_ENVIRONMENT)
    (folder / "files" / "build.sh").write_text("exit 0\n")
    return folder


def write_tiny_script(path: Path) -> Path:
    """A scripted model that solves the tiny task in five replies, with one mistake on the way."""
    path.write_text(_SCRIPT)
    return path


@pytest.fixture
def tiny_task(tmp_path: Path) -> Path:
    """The tiny task, in a folder of this test."""
    return write_tiny_task(tmp_path / "greet")


@pytest.fixture
def tiny_script(tmp_path: Path) -> Path:
    """The tiny script, in a folder of this test."""
    return write_tiny_script(tmp_path / "script.yaml")


class Said(NamedTuple):
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


Loopwright = Callable[..., Said]


def caller(folder: Path) -> Loopwright:
    """Calls the real command in a process of its own, with a home in `folder`."""

    def call(*words: str | Path, env: dict[str, str] | None = None, cwd: Path | None = None) -> Said:
        inherited = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
        done = subprocess.run(
            [sys.executable, "-m", "loopwright", *map(str, words)],
            capture_output=True,
            env={**inherited, "LOOPWRIGHT_HOME": str(folder / "home"), **(env or {})},
            cwd=cwd or folder,
            timeout=300,
            check=False,
        )
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture
def loopwright(tmp_path: Path) -> Loopwright:
    """The command, with a home of this test."""
    return caller(tmp_path)


@pytest.fixture
def beginning_with(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Makes the environment of a command that runs some lines of Python before anything else, to have less to wait."""

    def environment(lines: str) -> dict[str, str]:
        folder = tmp_path / "beginning"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(lines)
        return {"PYTHONPATH": str(folder)}

    return environment


class Finished(NamedTuple):
    """A run of the tiny task that is over; shared by tests that only read."""

    folder: Path
    loopwright: Loopwright
    said: Said


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """One run of the tiny task, made once."""
    folder = tmp_path_factory.mktemp("finished")
    task, script = write_tiny_task(folder / "greet"), write_tiny_script(folder / "script.yaml")
    call = caller(folder)
    said = call("run", "--task", task, "--model", f"scripted:{script}", "--trajectory-id", "tiny-run")
    return Finished(folder, call, said)


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Makes `--agent probe:PLAN` of turns of actions; the agent is a plug-in, also in processes that are started."""
    plugin = tmp_path / "plugin"
    about = plugin / "probe-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: probe\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[loopwright.agents]\nprobe = probe_agent:ProbeAgent\n")
    for source in (Path(__file__).parent / "plugin").glob("*.py"):
        (plugin / source.name).write_bytes(source.read_bytes())
    monkeypatch.syspath_prepend(str(plugin))
    monkeypatch.setenv("PYTHONPATH", str(plugin), prepend=":")
    for name in ("probe_agent", "probe_program"):
        sys.modules.pop(name, None)

    def agent(*turns: list[list[object]]) -> str:
        plan = tmp_path / "plan.json"
        plan.write_text(json.dumps(turns))
        return f"probe:{plan}"

    return agent
