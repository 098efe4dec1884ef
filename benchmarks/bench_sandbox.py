"""How long a sandbox takes from the call to the outcome, beside raw bwrap with the same flags and beside `true`.

`python benchmarks/bench_sandbox.py [ROUNDS]`. The candidates take turns, so that what else the machine does hits all
alike. The bar is 20 ms at the median for bwrap, and 8 ms over a bare exec for a cell inside a nested sandbox.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from loopwright.sandbox import Command, Mount, Outcome, Sandbox, SandboxSpec, open_sandbox
from loopwright.sandbox._ending import INFO, SECCOMP
from loopwright.sandbox.bwrap import BwrapSandbox, features

PACKAGE = Path(__file__).parents[1] / "src" / "loopwright"
TRUE = "/usr/bin/true"
CELLS = """
import json, os, sys, time
sys.path.insert(0, "/loopwright")
from loopwright.sandbox.cell import run_in_cell
env = {"PATH": "/usr/bin:/bin"}
times = {"exec": [], "cell": []}
for _ in range(int(sys.argv[1])):
    began = time.perf_counter()
    os.waitpid(os.posix_spawn("/usr/bin/true", ["true"], env), 0)
    times["exec"].append(time.perf_counter() - began)
    began = time.perf_counter()
    outcome = run_in_cell(["/usr/bin/true"], writable=["/workspace"], hidden=["/loopwright"], env=env)
    times["cell"].append(time.perf_counter() - began)
    assert outcome.exit_code == 0
print(json.dumps(times))
"""


def raw_argv(workspace: Path) -> list[str]:
    """bwrap with our flags, but for those that name descriptors."""
    sandbox = BwrapSandbox(SandboxSpec(mounts=(Mount(workspace, "/workspace", writable=True),)))
    words = iter(sandbox._options(Command((TRUE,)), features()))
    kept: list[str] = []
    for word in words:
        if word in ("--json-status-fd", "--seccomp"):
            assert next(words) in (str(INFO), str(SECCOMP))
        else:
            kept.append(word)
    return [features().path, *kept, "--", TRUE]


def compare(candidates: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(rounds + 3):
        for name, call in candidates.items():
            began = time.perf_counter()
            call()
            if turn >= 3:
                times[name].append(time.perf_counter() - began)
    return times


def show(title: str, times: dict[str, list[float]], base: str) -> None:
    print(f"{title:44} {'min':>8} {'median':>8} {'p90':>8}   ratio to {base}")
    for name, values in times.items():
        ordered = sorted(values)
        figures = ordered[0], median(ordered), ordered[int(len(ordered) * 0.9)]
        line = " ".join(f"{value * 1000:8.2f}" for value in figures)
        print(f"  {name:42} {line}   {median(ordered) / median(times[base]):6.2f} x")


def cells(workspace: Path, rounds: int) -> dict[str, list[float]]:
    mounts = (Mount(workspace, "/workspace", writable=True), Mount(PACKAGE, "/loopwright/loopwright"))
    sandbox = open_sandbox("bwrap", SandboxSpec(mounts=mounts, nested=True))
    argv = (os.path.realpath(sys.executable), "-I", "-S", "-c", CELLS, str(rounds))
    outcome = asyncio.run(_run(sandbox, *argv))
    times: dict[str, list[float]] = json.loads(outcome.stdout)
    return times


async def _run(sandbox: Sandbox, *argv: str) -> Outcome:
    return await sandbox.run(Command(argv))


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        workspace = Path(folder)
        mounts = (Mount(workspace, "/workspace", writable=True),)
        sandboxes = {name: open_sandbox(name, SandboxSpec(mounts=mounts)) for name in ("bwrap", "host")}
        raw = raw_argv(workspace)
        candidates: dict[str, Callable[[], object]] = {
            "true": lambda: subprocess.run([TRUE], check=True),
            "bwrap, our flags, subprocess.run": lambda: subprocess.run(raw, check=True, env={}),
            "Sandbox.run, bwrap": lambda: runner.run(_run(sandboxes["bwrap"], TRUE)),
            "Sandbox.run, host": lambda: runner.run(_run(sandboxes["host"], TRUE)),
        }
        times = compare(candidates, rounds)
        show("start of a sandbox, ms", times, "true")
        inside = cells(workspace, rounds)
        show("start of a cell inside a sandbox, ms", inside, "exec")
    start = median(times["Sandbox.run, bwrap"]) * 1000
    over = (median(inside["cell"]) - median(inside["exec"])) * 1000
    print(f"bar 20 ms: {start:.1f} ms {'held' if start <= 20 else 'MISSED'}; ", end="")
    print(f"bar 8 ms over exec: {over:.1f} ms {'held' if over <= 8 else 'MISSED'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
