"""Runs in the background, runs that are stopped, and runs that are interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def words(tiny_task: Path, tiny_script: Path) -> list[str]:
    """A run whose first shell command takes minutes, the first time."""
    slow = '- shell: "[ -e /tmp/again ] || { touch /tmp/again; sleep 200; }; ls"\n      - shell: ls'
    tiny_script.write_text(tiny_script.read_text().replace("- shell: ls", slow))
    return ["run", "--task", str(tiny_task), "--model", f"scripted:{tiny_script}", "--trajectory-id", "slow-run"]


def _status(loopwright: Any) -> dict[str, Any]:
    said = loopwright("status", "slow-run", "--json")
    assert said.code == 0, said.err
    facts: dict[str, Any] = json.loads(said.out)
    return facts


def _wait_for_parts(loopwright: Any, folder: Path, count: int) -> dict[str, Any]:
    journal = folder / "home/trajectories/slow-run/journal.jsonl"
    deadline = time.monotonic() + 100
    while not (journal.exists() and b'"part":%d,' % count in journal.read_bytes()):
        assert time.monotonic() < deadline, "the run made no progress"
        time.sleep(0.05)
    return _status(loopwright)


def test_detach_then_watch_stop_and_resume(loopwright: Any, words: list[str], tmp_path: Path) -> None:
    started = loopwright(*words, "--detach")
    assert started.code == 0, started.err
    assert "TRAJECTORY_ID: slow-run" in started.out
    facts = _wait_for_parts(loopwright, tmp_path, 3)
    assert facts["status"] == "running"
    process = psutil.Process(facts["pid"])
    assert os.getsid(process.pid) != os.getsid(0)
    assert "slow-run" in loopwright("list").out
    assert "part=3" in loopwright("logs", "slow-run").out

    taken = loopwright("resume", "slow-run")
    assert taken.code == 2
    assert str(process.pid) in taken.err

    began = time.monotonic()
    assert loopwright("stop", "slow-run").code == 0
    assert time.monotonic() - began < 100, "it did not wait for the command"
    process.wait(60)
    facts = _status(loopwright)
    assert (facts["status"], facts["reason"]) == ("ended", "stopped")
    assert loopwright("verify", "slow-run").code == 0
    assert loopwright("stop", "slow-run").code == 2
    assert "run_ended" in loopwright("logs", "slow-run", "--process").out

    resumed = loopwright("resume", "slow-run")
    assert resumed.code == 0, resumed.out + resumed.err
    assert _status(loopwright)["reason"] == "solved"
    assert loopwright("verify", "slow-run").code == 0


@contextmanager
def _foreground(words: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "loopwright", *words],
        env={**os.environ, "LOOPWRIGHT_HOME": str(folder / "home")},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 1)])
def test_a_signal_ends_a_run_with_a_complete_record(
    loopwright: Any, words: list[str], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with _foreground(words, tmp_path) as process:
        _wait_for_parts(loopwright, tmp_path, 3)
        below = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        assert process.wait(100) == code
    gone, alive = psutil.wait_procs(below, timeout=60)
    assert (bool(gone), alive) == (True, [])
    facts = _status(loopwright)
    assert (facts["status"], facts["reason"]) == ("ended", "stopped")
    assert loopwright("verify", "slow-run").code == 0
    assert not (tmp_path / "home/trajectories/slow-run/control.sock").exists()


def test_what_is_wrong_with_a_detached_run_is_said_at_once(loopwright: Any, tiny_task: Path) -> None:
    said = loopwright("run", "--task", tiny_task, "--agent", "native", "--model", "openai/x", "--detach")
    assert said.code == 3
    assert "OPENAI_API_KEY" in said.err
