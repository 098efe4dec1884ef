"""Throughput of the grader against `xargs -P2` doing the same work with no isolation.

The work is N small C programs, each compiled with gcc and run. xargs runs them in a bare shell; the grader builds a
sandbox, loads the task, forks a process for each test and makes two cells for each (compile, run). Both sides run in
turns on the same files, so that a busy machine slows both.

    python benchmarks/bench_grader.py [--tests 100] [--rounds 3] [--parallel 2]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import anyio

from loopwright.harness import Grader, load_task

ENVIRONMENT = """
from pathlib import Path
from loopwright.harness.environment import case_folder, expect_equal, run, suite

SOURCES = sorted((Path(__file__).parent / "tests").glob("*.c"))
suite_ = suite("c")

@suite_.test("{name}", params=[{"name": path.stem, "path": path} for path in SOURCES], timeout=60)
def compile_and_run(name: str, path: Path) -> None:
    (case_folder() / "main.c").write_bytes(path.read_bytes())
    run(["gcc", "main.c", "-o", "main"], timeout=30, check=True)
    expect_equal(run(["./main"], timeout=10).stdout_text, name + "\\n")
"""
PROGRAM = """#include <stdio.h>
int main(void) {{
    int n = {n};
    for (int i = 0; i < 9; i++) n += i;
    puts("{name}");
    return n < 0;
}}
"""


def make_task(folder: Path, tests: int) -> Path:
    (folder / "tests").mkdir(parents=True)
    (folder / "task.toml").write_text('[task]\nname = "throughput"\n')
    (folder / "instruction.md").write_text("Compile.\n")
    (folder / "environment.py").write_text(ENVIRONMENT)
    for n in range(tests):
        name = f"case_{n:04}"
        (folder / "tests" / f"{name}.c").write_text(PROGRAM.format(n=n, name=name))
    return folder


def with_xargs(sources: Path, parallel: int) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        script = f"gcc $0 -o {scratch}/$(basename $0).out && {scratch}/$(basename $0).out >/dev/null"
        names = "\0".join(str(path) for path in sorted(sources.glob("*.c"))).encode()
        began = time.perf_counter()
        subprocess.run(["xargs", "-0", "-n1", f"-P{parallel}", "sh", "-c", script], input=names, check=True)
        return time.perf_counter() - began


async def with_grader(grader: Grader, workspace: Path, tests: int) -> float:
    began = time.perf_counter()
    grade = await grader.grade_folder(workspace)
    seconds = time.perf_counter() - began
    if grade.passed != tests:
        raise SystemExit(f"only {grade.passed} of {tests} passed: {grade.error}")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parallel", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), options.tests, options.rounds, options.parallel)


def compare(folder: Path, tests: int, rounds: int, parallel: int) -> None:
    task = load_task(make_task(folder / "task", tests))
    (folder / "workspace").mkdir()
    grader = Grader(task, backend="bwrap", cache=None, parallel=parallel)
    bare, graded = [], []
    for _ in range(rounds):
        bare.append(with_xargs(folder / "task" / "tests", parallel))
        graded.append(anyio.run(with_grader, grader, folder / "workspace", tests))
    for name, times in (("xargs", bare), ("grader", graded)):
        middle = statistics.median(times)
        spread = f"{min(times):.2f}-{max(times):.2f} s"
        print(f"{name:8}{tests / middle:8.1f} tests/s   median {middle:.2f} s ({spread}, {rounds} rounds)")
    ratio = statistics.median(graded) / statistics.median(bare)
    extra = (statistics.median(graded) - statistics.median(bare)) * 1000 * parallel / tests
    print(f"ratio   {ratio:8.2f} x the time of xargs -P{parallel}; {extra:.1f} ms of a core more for each test")


if __name__ == "__main__":
    main()
