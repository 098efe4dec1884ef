"""kill -9 of the orchestrator at random moments: the record is whole each time, and resuming gives the same run.

A killed run is resumed and killed again, until it gets to its end; then the next one starts. What must be the same as
in a run that nobody killed: the parts with their content, the tree after each, the grades, and the end. What may
differ: times, commit ids (they hold times), and model calls (a call that was answered but not recorded is made again).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.examples.small_compiler import write_small_compiler

from loopwright.record import RunDir, Trace, fold, read_events, verify

pytestmark = [pytest.mark.kill, pytest.mark.slow, pytest.mark.timeout(7200)]

# `make test` kills less often; LOOPWRIGHT_KILLS=200 is the full measure.
_KILLS = {"greet": 12, "c_compiler": 8}
_LONGEST_SECONDS = 4.0


def essence(trace: Trace) -> list[Any]:
    """What must not depend on interruptions; `msgspec` makes it comparable."""
    parts = [
        {
            "part": (part.part, part.turn, part.part_type, part.role, part.item_type, part.summary, part.reply),
            "content": msgspec.to_builtins((part.content, part.tool, part.raw)),
            "tree": part.repo_checkpoint.tree if part.repo_checkpoint else None,
            "files": msgspec.to_builtins(part.files),
            "tests": [(call.path, call.status_code, call.result) for call in part.envoi_calls],
        }
        for part in trace.parts
    ]
    turns = [(turn.turn, turn.part_start, turn.part_end, msgspec.to_builtins(turn.prompt)) for turn in trace.turns]
    grades = [(g.grade_id, g.cause, g.part, g.path, g.tree, g.passed, g.failed, g.total) for g in trace.grades]
    end = trace.session_end
    return [parts, turns, grades, end and (end.reason, end.total_parts, end.total_turns)]


def _compare(found: list[Any], expected: list[Any]) -> None:
    """The first difference, rather than two thousand lines of both."""
    for one, other in zip(found, expected, strict=True):
        if isinstance(one, list):
            for left, right in zip(one, other, strict=False):
                assert left == right
        assert one == other


def _trace(rundir: RunDir) -> Trace:
    return fold(event for _, event in read_events(rundir.journal))


class _Runner:
    """Starts, kills and resumes runs of one task in processes of their own."""

    def __init__(self, folder: Path, task: Path, script: Path) -> None:
        self._folder = folder
        self._task = task
        self._script = script

    def _words(self, rundir: RunDir) -> list[str]:
        if _begun(rundir):
            return ["resume", rundir.id]
        return ["run", "--task", str(self._task), "--model", f"scripted:{self._script}", "--trajectory-id", rundir.id]

    def start(self, rundir: RunDir) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "loopwright", *self._words(rundir)],
            env={**os.environ, "LOOPWRIGHT_HOME": str(rundir.home)},
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def whole(self, rundir: RunDir) -> float:
        """Run without a kill; gives the seconds that it took, so that kills fall into all of a run on any machine."""
        began = time.monotonic()
        process = self.start(rundir)
        _, said = process.communicate()
        assert process.returncode == 0, said.decode()
        return time.monotonic() - began


def _begun(rundir: RunDir) -> bool:
    return rundir.journal.exists() and rundir.journal.stat().st_size > 0


def _acknowledged(rundir: RunDir) -> list[bytes]:
    """Every whole line of the journal at this moment: each was acknowledged, or is about to be."""
    if not rundir.journal.exists():
        return []
    data = rundir.journal.read_bytes()
    return data[: data.rfind(b"\n") + 1].splitlines()


def _kill_until_the_end(runner: _Runner, rundir: RunDir, rng: random.Random, seconds: float, kills: int) -> int:
    """Kill and resume one run until it ends by itself or was killed `kills` times; gives the number of kills."""
    done = 0
    while True:
        process = runner.start(rundir)
        if done < kills:
            try:
                _, said = process.communicate(timeout=rng.uniform(0.3, seconds))
            except subprocess.TimeoutExpired:
                before = _acknowledged(rundir)
                process.send_signal(signal.SIGKILL)
                process.communicate()
                done += 1
                _check_after_kill(rundir, before)
                if not _begun(rundir):
                    return done  # it died before its first event: there is no run to go on with
                continue
        else:
            _, said = process.communicate()
        assert process.returncode == 0, said.decode()
        return done


def _check_after_kill(rundir: RunDir, before: list[bytes]) -> None:
    assert _acknowledged(rundir)[: len(before)] == before
    if rundir.journal.exists():
        report = verify(rundir)
        assert report.ok, report.problems


@pytest.mark.parametrize("task", ["greet", "c_compiler"])
def test_a_run_that_was_killed_again_and_again_ends_like_one_that_was_not(
    tmp_path: Path, tiny_task: Path, tiny_script: Path, task: str
) -> None:
    if task == "c_compiler":
        tiny_task = write_small_compiler(tmp_path / "c_compiler")
        tiny_script = tiny_task / "scripted.yaml"
    runner = _Runner(tmp_path, tiny_task, tiny_script)
    first = RunDir(tmp_path / "whole", "same-id")
    seconds = min(runner.whole(first), _LONGEST_SECONDS)
    expected = essence(_trace(first))
    seed = int(os.environ.get("LOOPWRIGHT_SEED", "20"))
    rng = random.Random(f"{task} {seed}")
    wanted = int(os.environ.get("LOOPWRIGHT_KILLS", _KILLS[task]))
    kills = number = 0
    while kills < wanted:
        number += 1
        # Every other run finds its grades in the cache of its home, so that kills also fall between two gradings.
        rundir = RunDir(tmp_path / f"home-{number - number % 2}", "same-id")
        if rundir.path.exists():
            rundir.path.rename(rundir.path.with_name(f"same-id-{number}"))
        kills += _kill_until_the_end(runner, rundir, rng, seconds, wanted - kills)
        if _begun(rundir):
            _compare(essence(_trace(rundir)), expected)
            assert verify(rundir).ok
    print(f"{task}: {kills} kills in {number} runs, all resumed to the same end")
