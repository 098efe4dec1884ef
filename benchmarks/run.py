"""Run all benchmarks, one after the other, and print one table: the promises, the figures, the distance.

    python benchmarks/run.py [--quick] [--output FILE] [NAME ...]

A missed bar is printed as missed and does not fail the run. Exit code 1 where something could not be measured.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:  # run as a script: its own folder is on the path, the one above is not
    from benchmarks.install_peers import install
    from benchmarks.machine import Usage, describe
    from benchmarks.plan import BENCHMARKS, KEPT_BY_TESTS, Benchmark
    from benchmarks.report import SWITCH, Figure, parse
    from benchmarks.table import render, summary
else:
    from install_peers import install
    from machine import Usage, describe
    from plan import BENCHMARKS, KEPT_BY_TESTS, Benchmark
    from report import SWITCH, Figure, parse
    from table import render, summary

__all__ = ["closing", "main", "measure"]

_HERE = Path(__file__).resolve().parent


def main(words: Sequence[str] | None = None) -> int:
    """Measure what `words` ask for; gives the exit code."""
    options = _options(words)
    machine = describe()
    print(machine, flush=True)
    peers, trouble = _peers(options.names)
    figures: list[Figure] = []
    usages = []
    for benchmark in BENCHMARKS:
        if benchmark.name in options.names and not (options.quick and benchmark.quick is None):
            usage = Usage()
            figures += _run(benchmark, peers, quick=options.quick)
            usages.append(f"{benchmark.name} {usage.seconds():.0f} s, others at most {100 * usage.others():.0f} %")
            print(f"   {usages[-1]} of the processors\n", flush=True)
    text = closing(figures, [*trouble, *_left_out(options)], machine, usages)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")
    return 1 if any(figure.value is None for figure in figures) or trouble else 0


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [benchmark.name for benchmark in BENCHMARKS]
    parser.add_argument("names", nargs="*", choices=[[], *names], metavar="NAME", help=f"some of: {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="smaller sizes and fewer rounds; about a minute")
    parser.add_argument("--output", type=Path, help="write the table to this file, too")
    options = parser.parse_args(words)
    options.names = options.names or names
    return options


def _peers(names: Sequence[str]) -> tuple[Path | None, list[str]]:
    """The Python that has the peers, and what went wrong."""
    if not any(benchmark.peers for benchmark in BENCHMARKS if benchmark.name in names):
        return None, []
    print("== peers: mini-swe-agent and openhands-sdk, in .venv-peers", flush=True)
    try:
        return install(), []
    except (OSError, subprocess.CalledProcessError) as error:
        return None, [f"the peers could not be installed: {error}"]


def _run(benchmark: Benchmark, peers: Path | None, *, quick: bool) -> list[Figure]:
    words = (benchmark.quick if quick else benchmark.words) or ()
    command = [sys.executable, str(_HERE / benchmark.script), *words]
    if benchmark.peers and peers:
        command += ["--peer-python", str(peers)]
    print(f"== {benchmark.name}: {benchmark.script} {' '.join(words)}".rstrip(), flush=True)
    return measure(benchmark, command)


def measure(benchmark: Benchmark, command: Sequence[str]) -> list[Figure]:
    """Run one benchmark, show its text and gather its figures.

    Where it fails, is too slow or has no figure, the last figure is one without a value whose note says so.
    """
    figures: list[Figure] = []
    text: list[str] = []
    process = subprocess.Popen(
        command,
        cwd=_HERE.parent,
        env=os.environ | {SWITCH: "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    clock = threading.Timer(benchmark.seconds, _kill, [process])
    clock.start()
    try:
        for line in process.stdout or ():
            found = _figure(line)
            if found:
                figures.append(found)
            elif line.strip():
                text.append(line)
                print(f"   {line.rstrip()}", flush=True)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    finally:
        late = not clock.is_alive()
        clock.cancel()
        clock.join()
        # What it left running dies, too. It is not reaped yet, so that its group cannot be anybody else's.
        _kill(process)
    code = process.wait()
    if benchmark.read and not figures:
        figures += benchmark.read("".join(text))
    reason = f"not done after {benchmark.seconds:.0f} s" if late else f"exit code {code}: " if code else "no figures"
    if late or code or not figures:
        note = reason + (text[-1].strip() if code and not late and text else "")
        figures.append(Figure(name=benchmark.name, unit="", value=None, note=note))
    return figures


def _kill(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)


def _figure(line: str) -> Figure | None:
    try:
        return parse(line)
    except msgspec.DecodeError as error:
        return Figure(name=line.strip()[:40], unit="", value=None, note=f"unreadable figure: {error}")


def _left_out(options: argparse.Namespace) -> list[str]:
    names = [b.name for b in BENCHMARKS if b.name not in options.names or (options.quick and b.quick is None)]
    left_out = [f"left out of this run: {', '.join(names)}"] if names else []
    return left_out + (["a quick run: sizes are smaller than the promises' are"] if options.quick else [])


def closing(figures: Sequence[Figure], remarks: Sequence[str], machine: str, usages: Sequence[str]) -> str:
    """Put together what is printed at the end: table, counts, remarks, and what tests keep instead."""
    lines = ["# Benchmarks", "", machine, "", render(figures), "", summary(figures), *remarks]
    lines += ["", "time of each, and the processors' share that other programs and the kernel used meanwhile:"]
    lines += [f"- {usage}" for usage in usages]
    lines += ["", "promises that no benchmark measures:"]
    lines += [f"- {promise}: {f'`{by}`' if by else 'NOTHING KEEPS IT YET'}" for promise, by in KEPT_BY_TESTS.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
