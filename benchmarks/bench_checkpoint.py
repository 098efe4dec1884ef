"""How long a checkpoint takes, against `git add -A && git commit` on the same files in the same run.

`python benchmarks/bench_checkpoint.py --files 5000 50000` prints medians in milliseconds and ratios: the first
snapshot, three changed files, nothing changed, without a watcher, with many refs, and the memory it takes.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from loopwright.checkpoint import Checkpoints, Policy, bundle, export_tree

GOAL_MS = 80.0
GOAL_RATIO = 3.0


def make_files(root: Path, count: int) -> list[Path]:
    """Source-like files of about 2 KB, 20 to a folder, three levels deep."""
    files = []
    for number in range(count):
        folder = root / f"pkg{number // 1000}" / f"mod{number // 100 % 10}" / f"part{number // 20 % 5}"
        if number % 20 == 0:
            folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"file{number}.py"
        file.write_text(
            f"# file {number}\n" + "".join(f"def f{line}(): return {number * line}\n" for line in range(60))
        )
        files.append(file)
    return files


def change(files: list[Path], turn: int) -> None:
    """Change three files far apart."""
    for position in range(3):
        file = files[(turn * 7919 + position * len(files) // 3) % len(files)]
        file.write_text(file.read_text() + f"# {turn}\n")


def milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def git(*arguments: str, cwd: Path) -> None:
    environment = os.environ | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0")
    subprocess.run(["git", *identity, *arguments], cwd=cwd, env=environment, check=True, capture_output=True)


def git_commit(folder: Path) -> None:
    git("add", "-A", cwd=folder)
    git("commit", "-q", "-m", "turn", cwd=folder)


def row(name: str, value: float, note: str = "") -> None:
    print(f"  {name:<46} {value:>10.2f} ms  {note}")


def memory_mb() -> float:
    text = Path("/proc/self/statm").read_text().split()
    return int(text[1]) * resource.getpagesize() / 2**20


def interleaved(ours: Callable[[int], float], theirs: Callable[[int], float], rounds: int) -> tuple[float, float]:
    """Medians of both, measured in turns, so that a busy machine slows both alike."""
    mine, other = [], []
    for turn in range(rounds):
        mine.append(ours(turn))
        other.append(theirs(turn))
    return statistics.median(mine), statistics.median(other)


def measure(count: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        workspace, rival = base / "workspace", base / "rival"
        files = make_files(workspace, count)
        shutil.copytree(workspace, rival)
        others = [rival / file.relative_to(workspace) for file in files]
        print(f"{count} files")
        git("init", "-q", cwd=rival)
        first_git = milliseconds(lambda: git_commit(rival))
        gc.collect()
        before = memory_mb()
        start = time.perf_counter()
        with Checkpoints.create(base / "repo.git", workspace) as checkpoints:
            first = (time.perf_counter() - start) * 1000
            row("first snapshot", first, f"git {first_git:.0f} ms, {first_git / first:.1f} x")
            print(f"  {'memory, picture of the workspace':<46} {memory_mb() - before:>10.0f} MB")
            changed(checkpoints, files, others, rival, rounds)
            unchanged(checkpoints, rival, rounds)
        scanned(base, workspace, files, rounds)
        row("export the tree", milliseconds(lambda: export_tree(base / "repo.git", checkpoints.head, base / "out")))
        row("bundle, full", milliseconds(lambda: bundle(base / "repo.git", base / "full.bundle")))
        since = {checkpoints.head}
        row("bundle, nothing new", milliseconds(lambda: bundle(base / "repo.git", base / "no.bundle", since=since)))


def changed(checkpoints: Checkpoints, files: list[Path], others: list[Path], rival: Path, rounds: int) -> None:
    def ours(turn: int) -> float:
        change(files, turn)
        return milliseconds(lambda: checkpoints.snapshot(turn + 1, "turn"))

    def theirs(turn: int) -> float:
        change(others, turn)
        return milliseconds(lambda: git_commit(rival))

    mine, other = interleaved(ours, theirs, rounds)
    verdict = "met" if mine <= GOAL_MS and other / mine >= GOAL_RATIO else "MISSED"
    row("3 files changed", mine, f"git {other:.1f} ms, {other / mine:.1f} x; goal {GOAL_MS:.0f} ms and 3 x: {verdict}")

    def durable(turn: int) -> float:
        change(files, turn + rounds)
        return milliseconds(lambda: checkpoints.snapshot(turn + 1 + rounds, "turn", durable=True))

    row("3 files changed, fsynced", statistics.median(durable(turn) for turn in range(rounds)))


def unchanged(checkpoints: Checkpoints, rival: Path, rounds: int) -> None:
    mine, other = interleaved(
        lambda turn: milliseconds(lambda: checkpoints.snapshot(1, "nothing")),
        lambda turn: milliseconds(lambda: git("status", "--porcelain", cwd=rival)),
        rounds,
    )
    row("nothing changed", mine, f"git status {other:.1f} ms, {other / mine:.0f} x")


def scanned(base: Path, workspace: Path, files: list[Path], rounds: int) -> None:
    with Checkpoints.create(base / "scan.git", workspace, policy=Policy(watch="scan")) as checkpoints:

        def ours(turn: int) -> float:
            change(files, turn + 1000)
            return milliseconds(lambda: checkpoints.snapshot(turn + 1, "turn"))

        row("3 files changed, without a watcher", statistics.median(ours(turn) for turn in range(rounds)))


def measure_refs(count: int) -> None:
    """One small file changed in each of `count` parts: the first hundred against the last hundred."""
    with tempfile.TemporaryDirectory() as name:
        workspace = Path(name) / "workspace"
        files = make_files(workspace, 200)
        with Checkpoints.create(Path(name) / "repo.git", workspace) as checkpoints:
            times = []
            for part in range(1, count + 1):
                files[part % len(files)].write_text(str(part))
                start = time.process_time()
                checkpoints.snapshot(part, "part")
                times.append((time.process_time() - start) * 1000)
            head = checkpoints.head
        # Processor time: the disk is busy writing thousands of small files back while this runs.
        count_each = min(500, count // 2)
        first, last = statistics.median(times[:count_each]), statistics.median(times[-count_each:])
        row(f"200 files, last of {count} parts (CPU)", last, f"the first {first:.2f} ms, {last / first:.2f} x")
        again = milliseconds(lambda: Checkpoints.open(Path(name) / "repo.git", workspace, head=head).close())
        row(f"open with {count} parts", again)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, nargs="+", default=[5000, 50000], help="sizes of the workspace")
    parser.add_argument("--parts", type=int, nargs="+", default=[1000, 10000], help="how many parts, for the refs")
    parser.add_argument("--rounds", type=int, default=15, help="snapshots per median")
    arguments = parser.parse_args()
    for count in arguments.files:
        measure(count, arguments.rounds)
    print("refs")
    for count in arguments.parts:
        measure_refs(count)


if __name__ == "__main__":
    main()
