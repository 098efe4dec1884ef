"""How long a fork takes, from a part far into a run, until its agent starts (goal: 0.3 s of our own work).

    python benchmarks/bench_fork.py [--parts 10000] [--runs 7]

Makes a real run with a scripted model, lengthens its journal, and forks it from an early and from a late part.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopwright.record import (
    Journal,
    ModelCalled,
    PartAdded,
    Payload,
    RunDir,
    RunEnded,
    RunResumed,
    TurnEnded,
    TurnStarted,
    read_events,
)
from loopwright.record.samples import part_added

if TYPE_CHECKING:  # run as a script: its own folder is on the path, the one above is not
    from benchmarks.report import exit_code, report
else:
    from report import exit_code, report

_LOOPWRIGHT = str(Path(sys.executable).with_name("loopwright"))
_BAR_MS = 300.0
_AT = "2026-01-01T00:00:00+00:00"
_SCRIPT = "version: 1\nname: forked\nreplies:\n  - calls: [{shell: 'echo one > a.txt'}]\n  - say: Done.\n"
_TASK = '[task]\nname = "fork"\ndescription = "Write a file."\nversion = "1"\n\n[tests]\nvisible = ["all"]\n'
_ENVIRONMENT = """\
from loopwright.harness.environment import expect_equal, suite, workspace

every = suite("all")


@every.test("there")
def there() -> None:
    expect_equal((workspace() / "b.txt").exists(), True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _make(folder, options.parts)
        modules = _imported(folder)
        for part in (2, options.parts - 1):  # in the middle of a turn: nothing is graded first
            found = [_fork(folder, part, number, modules) for number in range(options.runs)]
            ours, whole = min(one[0] for one in found), min(one[1] for one in found)
            print(f"from part {part:,}: {ours:.0f} ms of our own work, {whole:.0f} ms from typing to the first prompt")
            report(name=f"fork from part {part:,}", unit="ms", value=ours, bar=_BAR_MS)
            report(name=f"fork from part {part:,}, with the start of Python", unit="ms", value=whole, bar=None)
    sys.exit(exit_code())


def _make(folder: Path, parts: int) -> None:
    task = folder / "task"
    (task / "files").mkdir(parents=True)
    (task / "task.toml").write_text(_TASK)
    (task / "instruction.md").write_text("Write b.txt.\n")
    (task / "environment.py").write_text(_ENVIRONMENT)
    for number in range(200):
        (task / "files" / f"file{number}.txt").write_text(f"{number}\n" * 50)
    (folder / "script.yaml").write_text(_SCRIPT)
    model = ("--model", f"scripted:{folder}/script.yaml", "--max-turns", "1")
    _call(folder, "run", "--task", str(task), *model, "--trajectory-id", "parent")
    _lengthen(RunDir.open(folder / "home", "parent"), parts)


def _lengthen(rundir: RunDir, parts: int) -> None:
    """Let the run go on in its journal until it has so many parts."""
    events = [event for _, event in read_events(rundir.journal)]
    ended = next(event for event in events if isinstance(event, RunEnded))
    turn = ended.total_turns + 1
    with Journal.open(rundir) as journal:
        journal.append(RunResumed(_AT, ended.total_parts, ended.final_git_commit))
        journal.append(TurnStarted(turn, _AT, Payload(value="Go on."), ended.total_parts + 1))
        for number in range(ended.total_parts + 1, parts + 1):
            journal.append(_said(number, turn))
        journal.append(TurnEnded(turn, _AT, parts, "finished"))
        journal.append(RunEnded(_AT, "stopped", parts, turn, ended.final_git_commit))


def _said(number: int, turn: int) -> PartAdded:
    """A reply of 1,500 characters, as our agent records it."""
    text = f"{number} " + "x" * 1500
    raw = {"api": "chat", "message": {"role": "assistant", "content": text}}
    said: dict[str, Any] = {"part_type": "text", "item_type": "message", "tool": None, "content": Payload(value=text)}
    return part_added(number, turn, reply=number, raw=Payload(value=raw), **said)


def _fork(folder: Path, part: int, number: int, modules: str) -> tuple[float, float]:
    """Milliseconds of our own work, and from the start of the command, until the child's first prompt."""
    name = f"child-{part}-{number}"
    begun = time.time()
    _call(folder, *_words(folder, part, name))
    journal = RunDir.open(folder / "home", name).journal
    # In the middle of a turn the agent goes on without a new prompt: its first call of the model tells then.
    first = next(event for _, event in read_events(journal) if isinstance(event, TurnStarted | ModelCalled))
    prompted = datetime.fromisoformat(first.timestamp).timestamp()
    return 1e3 * (prompted - begun) - _bare(modules), 1e3 * (prompted - begun)


def _bare(modules: str) -> float:
    """Milliseconds to start Python and import what a fork imports."""
    code = (
        "import contextlib, importlib, sys, time\n"
        "for name in sys.stdin.read().split():\n"
        "    with contextlib.suppress(Exception): importlib.import_module(name)\n"
        "print(time.time())"
    )
    begun = time.time()
    done = subprocess.run([sys.executable, "-c", code], input=modules, capture_output=True, text=True, check=True)
    return 1e3 * (float(done.stdout) - begun)


def _imported(folder: Path) -> str:
    """All modules that a fork imports, but for those of Parquet, which come at its end."""
    said = _call(folder, *_words(folder, 2, "imports"), PYTHONPROFILEIMPORTTIME="1")
    names = re.findall(r"^import time:[ \d]+\|[ \d]+\| +(\S+)$", said, flags=re.MULTILINE)
    return " ".join(name for name in names if name.partition(".")[0] not in ("pyarrow", "numpy", "site"))


def _words(folder: Path, part: int, name: str) -> list[str]:
    model = f"scripted:{folder}/script.yaml"
    return ["fork", "parent", "--part", str(part), "--trajectory-id", name, "--model", model, "--max-turns", "1"]


def _call(folder: Path, *words: str, **environment: str) -> str:
    """Call the command; returns what it said on standard error."""
    environment = {**os.environ, "LOOPWRIGHT_HOME": str(folder / "home"), **environment}
    done = subprocess.run([_LOOPWRIGHT, *words], env=environment, capture_output=True, text=True)
    if done.returncode not in (0, 1):  # 1: it ended without solving its task, as it is meant to
        raise SystemExit(done.stdout + done.stderr)
    return done.stderr


if __name__ == "__main__":
    main()
