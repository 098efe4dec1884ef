"""Several runs of Codex at once, each with a script of its own; `benchmarks/bench_agents.py` does it with twenty."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.agents.programs_fixture import ensure_agents

_BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

if TYPE_CHECKING:
    from benchmarks.crowd import Crowd
else:
    sys.path.insert(0, str(_BENCHMARKS))
    from crowd import Crowd

    sys.path.remove(str(_BENCHMARKS))

_RUNS = 6
_MOST_BYTES_EACH = 250 << 20


@pytest.mark.slow
def test_runs_at_once_keep_apart_and_leave_nothing(tmp_path: Path) -> None:
    ensure_agents("codex")
    crowd = Crowd(tmp_path, _RUNS)
    crowd.run("codex")
    assert crowd.solved == list(range(_RUNS))
    assert crowd.mixed_up() == []
    assert crowd.left == []
    assert 0 < crowd.peak < _RUNS * _MOST_BYTES_EACH


def test_what_is_mixed_up_is_found(tmp_path: Path) -> None:
    crowd = Crowd(tmp_path, 2)
    for number, other in ((0, 0), (1, 0)):
        run = crowd.home / "trajectories" / f"r{number}"
        (run / "workspace").mkdir(parents=True)
        (run / "journal.jsonl").write_text(f"{crowd.marker(other)}\n" * 5)
        (run / "workspace" / "twice.txt").write_text(f"{crowd.marker(number)}\n")
    assert crowd.mixed_up() == [f"r1 is not about {crowd.marker(1)}", f"r1 has {crowd.marker(0)}"]
