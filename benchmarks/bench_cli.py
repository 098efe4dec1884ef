"""How long the command line takes to start, against Python itself, and against a peer's where it is installed.

    python benchmarks/bench_cli.py [--peer-python PATH] [--runs 15]

The commands take turns, so that a busy machine slows all alike.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # run as a script: its own folder is on the path, the one above is not
    from benchmarks.report import exit_code, report
else:
    from report import exit_code, report

_LOOPWRIGHT = str(Path(sys.executable).with_name("loopwright"))
_BARE = "python -c pass"
_BAR_MS = 200.0
_NOWHERE = subprocess.DEVNULL
_WORDS = (["--help"], ["--version"], ["run", "--help"], ["list"], ["show", "--help"])


def main() -> None:
    """Print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", type=Path, help="a Python that has the peers installed")
    parser.add_argument("--runs", type=int, default=15, help="starts per median")
    options = parser.parse_args()
    ours = [f"loopwright {' '.join(words)}" for words in _WORDS]
    commands = {_BARE: [sys.executable, "-c", "pass"]}
    commands |= {name: [_LOOPWRIGHT, *words] for name, words in zip(ours, _WORDS, strict=True)}
    commands |= _peers(options.peer_python)
    medians = _medians(commands, options.runs)
    print(f"start of the command line (goal: {_BAR_MS:.0f} ms)")
    for name, taken in medians.items():
        print(f"  {name:<22} {taken:6.0f} ms   {taken / medians[_BARE]:5.1f} x")
    for name in ours:
        _report(name, medians, set(commands).difference(ours) if name == ours[0] else {_BARE})
    sys.exit(exit_code())


def _peers(python: Path | None) -> dict[str, list[str]]:
    mini = python and python.with_name("mini")
    return {"mini --help": [str(mini), "--help"]} if mini and mini.exists() else {}


def _medians(commands: dict[str, list[str]], runs: int) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as home:
        quiet = os.environ | {"LOOPWRIGHT_HOME": home, "MSWEA_GLOBAL_CONFIG_DIR": home, "MSWEA_SILENT_STARTUP": "1"}
        for turn in range(runs + 1):
            for name, command in commands.items():
                begin = time.perf_counter()
                subprocess.run(command, stdout=_NOWHERE, stderr=_NOWHERE, check=True, env=quiet)
                if turn:  # the first one compiles the modules and fills the page cache
                    times[name].append((time.perf_counter() - begin) * 1000)
    return {name: statistics.median(taken) for name, taken in times.items()}


def _report(name: str, medians: dict[str, float], peers: set[str]) -> None:
    for peer in sorted(peers, reverse=True):
        report(name=f"start: {name}", unit="ms", value=medians[name], bar=_BAR_MS, peer=peer, peer_value=medians[peer])


if __name__ == "__main__":
    main()
