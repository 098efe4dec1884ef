"""The end of a command, with an output that is full, closed, or no longer read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def typed(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """A line of a shell, where `loopwright` is the command."""
    line = line.replace("loopwright", f"{sys.executable} -m loopwright", 1)
    env = {"LOOPWRIGHT_HOME": str(folder), "PATH": "/usr/bin:/bin"}
    return subprocess.run(["bash", "-c", line], env=env, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.parametrize("words", ["list", "--help", "config schema"])
def test_a_full_disk_is_a_sentence(words: str, tmp_path: Path) -> None:
    said = typed(tmp_path, f"loopwright {words} > /dev/full")
    assert (said.returncode, said.stdout) == (3, "")
    assert said.stderr == "error: not everything could be written: No space left on device\n"


@pytest.mark.parametrize("words", ["list", "--help"])
def test_a_closed_output_is_no_error(words: str, tmp_path: Path) -> None:
    said = typed(tmp_path, f"loopwright {words} >&-")
    assert (said.returncode, said.stderr) == (0, "")


def test_a_reader_that_has_had_enough_is_no_error(tmp_path: Path) -> None:
    said = typed(tmp_path, "loopwright config schema | head -c 10 >/dev/null; echo ${PIPESTATUS[0]}")
    assert (said.stdout, said.stderr) == ("0\n", "")


def test_everything_is_written_to_a_slow_reader(tmp_path: Path) -> None:
    at_once = typed(tmp_path, "loopwright config schema").stdout
    assert len(at_once) > 1 << 15  # more than a buffer holds
    assert typed(tmp_path, "loopwright config schema | (sleep 0.5; cat)").stdout == at_once


def test_a_profiler_gets_its_turn(tmp_path: Path) -> None:
    line = f"{sys.executable} -m cProfile -o {tmp_path / 'profile'} -m loopwright list"
    subprocess.run(line.split(), env={"LOOPWRIGHT_HOME": str(tmp_path)}, capture_output=True, check=True, timeout=100)
    assert (tmp_path / "profile").stat().st_size > 1000
