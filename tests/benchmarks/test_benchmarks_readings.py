"""Reading figures out of the text of benchmarks that print none for the driver."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

_BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

if TYPE_CHECKING:
    from benchmarks.readings import read_checkpoint, read_grader, read_sandbox
    from benchmarks.report import Figure
else:
    sys.path.insert(0, str(_BENCHMARKS))
    from readings import read_checkpoint, read_grader, read_sandbox
    from report import Figure

    sys.path.remove(str(_BENCHMARKS))

_CHECKPOINT = """\
5000 files
  first snapshot                                     189.11 ms  git 438 ms, 2.3 x
  memory, picture of the workspace                        5 MB
  3 files changed                                      2.00 ms  git 25.0 ms, 12.5 x; goal 80 ms and 3 x: met
  3 files changed, fsynced                             8.00 ms
  nothing changed                                      0.05 ms  git status 10.1 ms, 210 x
50000 files
  3 files changed                                    180.00 ms  git 360.0 ms, 2.0 x; goal 80 ms and 3 x: MISSED
refs
  open with 1000 parts                                55.42 ms
"""
_SANDBOX = """\
start of a sandbox, ms                            min   median      p90   ratio to true
  true                                           0.80     1.00     1.50     1.00 x
  bwrap, our flags, subprocess.run               4.00     5.00     6.00     5.00 x
  Sandbox.run, bwrap                             8.00    10.00    16.00    10.00 x
start of a cell inside a sandbox, ms              min   median      p90   ratio to exec
  exec                                           0.40     0.50     0.60     1.00 x
  cell                                           3.00     4.00     5.00     8.00 x
bar 20 ms: 10.0 ms held; bar 8 ms over exec: 3.5 ms held
"""
_GRADER = """\
xargs       25.0 tests/s   median 4.00 s (3.90-4.10 s, 3 rounds)
grader      20.0 tests/s   median 5.00 s (4.90-5.10 s, 3 rounds)
ratio       1.25 x the time of xargs -P2; 20.0 ms of a core more for each test
"""
_READERS: list[Callable[[str], Iterator[Figure]]] = [read_checkpoint, read_sandbox, read_grader]


def test_checkpoints_have_two_bars() -> None:
    figures = {figure.name: figure for figure in read_checkpoint(_CHECKPOINT)}
    assert {name: figure.value for name, figure in figures.items()} == {
        "checkpoint: first snapshot, 5,000 files": 189.11,
        "checkpoint: 3 files changed, 5,000 files": 2,
        "checkpoint: how much faster than git, 5,000 files": 12.5,
        "checkpoint: 3 files changed, fsynced, 5,000 files": 8,
        "checkpoint: nothing changed, 5,000 files": 0.05,
        "checkpoint: 3 files changed, 50,000 files": 180,
        "checkpoint: how much faster than git, 50,000 files": 2,
        "checkpoint: open with 1000 parts": 55.42,
    }
    changed = figures["checkpoint: 3 files changed, 5,000 files"]
    assert (changed.met, changed.peer, changed.peer_value) == (True, "git add -A && git commit", 25)
    assert figures["checkpoint: 3 files changed, 50,000 files"].met is False
    assert figures["checkpoint: how much faster than git, 50,000 files"].met is False
    assert figures["checkpoint: nothing changed, 5,000 files"].peer == "git status"


def test_sandboxes_are_compared_with_raw_ones() -> None:
    assert [(figure.value, figure.bar, figure.peer, figure.peer_value) for figure in read_sandbox(_SANDBOX)] == [
        (10, 20, "bwrap, our flags, subprocess.run", 5),
        (10, 20, "true", 1),
        (3.5, 8, "the exec itself", 0.5),
    ]


def test_the_grader_is_compared_with_xargs() -> None:
    (figure,) = read_grader(_GRADER)
    assert (figure.value, figure.peer_value, figure.unit, figure.more_is_better) == (20, 25, "tests/s", True)


@pytest.mark.parametrize("read", _READERS)
def test_half_a_text_gives_no_wrong_figure(read: Callable[[str], Iterator[Figure]]) -> None:
    assert list(read("")) == []
    assert list(read("Traceback (most recent call last):\n  File bench.py\nKeyError: 'bwrap'\n")) == []
    assert list(read_grader(_GRADER.splitlines()[0])) == []
    assert list(read_sandbox("\n".join(_SANDBOX.splitlines()[:3]))) == []


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    for read in _READERS:
        list(read(text))
