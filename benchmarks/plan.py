"""Which benchmarks there are, and who keeps the promises that no benchmark can measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:  # run as a script: its own folder is on the path, the one above is not
    from benchmarks.readings import read_checkpoint, read_grader, read_sandbox
    from benchmarks.report import Figure
else:
    from readings import read_checkpoint, read_grader, read_sandbox
    from report import Figure

__all__ = ["BENCHMARKS", "KEPT_BY_TESTS", "Benchmark"]


class Benchmark(Struct, frozen=True, kw_only=True):
    """A program of this folder and how to run it.

    Attributes:
        name: What to call it on the command line of `run.py`.
        script: The file in this folder.
        words: Its arguments.
        quick: Its arguments in a quick run, or None where it is left out of one.
        peers: Whether it takes `--peer-python`.
        read: Reads the figures out of its text, where it hands over none itself.
        seconds: Its time limit.
    """

    name: str
    script: str
    words: tuple[str, ...] = ()
    quick: tuple[str, ...] | None = ()
    peers: bool = False
    read: Callable[[str], Iterator[Figure]] | None = None
    seconds: float = 300


BENCHMARKS = (
    Benchmark(name="cli", script="bench_cli.py", quick=("--runs", "3"), peers=True),
    Benchmark(name="start", script="bench_start.py", quick=("--runs", "2")),
    Benchmark(name="journal", script="bench_journal.py", quick=("--positions", "10", "1000"), peers=True),
    Benchmark(name="tail", script="bench_tail.py", quick=("--parts", "100000")),
    Benchmark(name="recording", script="bench_recording.py", quick=("--parts", "200")),
    Benchmark(name="gateway", script="bench_gateway.py", quick=("50",)),
    Benchmark(name="sandbox", script="bench_sandbox.py", quick=("20",), read=read_sandbox),
    Benchmark(name="grader", script="bench_grader.py", quick=("--tests", "20", "--rounds", "1"), read=read_grader),
    Benchmark(
        name="checkpoint",
        script="bench_checkpoint.py",
        words=("--parts", "1000"),
        quick=("--files", "5000", "--parts", "200", "--rounds", "5"),
        read=read_checkpoint,
    ),
    Benchmark(name="fork", script="bench_fork.py", quick=("--parts", "1000", "--runs", "3")),
    Benchmark(name="agents", script="bench_agents.py", quick=None, seconds=600),
    Benchmark(name="demo", script="bench_make.py", words=("demo",), quick=None),
    Benchmark(name="check", script="bench_make.py", words=("check",), quick=None),
)

_SACRED = "tests/cli/test_cli_sacred.py tests/checkpoint/test_checkpoint_alternates.py"

KEPT_BY_TESTS = {
    "0 acknowledged events lost in 10,000 kills": "LOOPWRIGHT_KILLS=10000 pytest tests/kill/test_kill_journal.py",
    "a resumed run is as an uninterrupted one, 1,000 kills": "LOOPWRIGHT_KILLS=1000 pytest tests/kill/test_kill_run.py",
    "0 bytes changed in the user's .git": f"pytest {_SACRED}",
    "0 escape attempts that succeed": "pytest tests/escape",
    "no agent looks up a name": "pytest tests/conformance/test_conformance_offline.py",
    "make test in 5 minutes": "time make test",
    "false-keep rate on A/A experiments at most alpha": "",
    "0 planted secrets in the record": "pytest tests/cli/test_cli_secrets.py",
}
"""Promise -> the command that would show it broken; empty where nothing keeps it yet."""
