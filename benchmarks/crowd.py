"""Many runs at once, each with a script and a marker of its own: whether all complete, and what they need."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

__all__ = ["Crowd", "traces_of"]

_TASK = {
    "task.toml": '[task]\nname = "marker"\n',
    "instruction.md": "Write your name.\n",
    "environment.py": (
        "from loopwright.harness.environment import suite, workspace\n\n"
        'words = suite("words")\n\n\n'
        '@words.test("written")\ndef written() -> None:\n'
        '    assert (workspace() / "marker.txt").read_text() == (workspace() / "twice.txt").read_text()\n'
    ),
}
_SCRIPT = """\
version: 1
name: {marker}
replies:
  - {{say: I am {marker}., calls: [{{write: {{path: marker.txt, text: "{marker}\\n"}}}}]}}
  - {{say: Tests of {marker}., calls: [{{run_tests: ""}}]}}
  - {{say: Again., calls: [{{shell: "cp marker.txt twice.txt; cp marker.txt /tmp/x; cat /tmp/x"}}]}}
  - {{say: Tests of {marker}., calls: [{{run_tests: ""}}]}}
  - {{say: That was {marker}.}}
"""
_SECONDS = 240.0


class Crowd:
    """Runs that share a home.

    Attributes:
        peak: The most bytes of memory that all processes had in sum (each one's share of what several use).
        solved: The numbers of the runs that ended with exit code 0.
        left: What was left: processes, sockets, temporary files.
        seconds: From the first start to the last end.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = folder
        self.count = count
        self.peak = 0
        self.solved: list[int] = []
        self.left: list[str] = []
        self.seconds = 0.0
        self._make()

    @property
    def home(self) -> Path:
        """Where they are recorded."""
        return self.folder / "home"

    def marker(self, number: int) -> str:
        """What only this run says and writes."""
        return f"marker-{number:03}-of-{self.count}"

    def _make(self) -> None:
        for folder in ("task", "tmp"):
            (self.folder / folder).mkdir(parents=True)
        for name, text in _TASK.items():
            (self.folder / "task" / name).write_text(text)
        for number in range(self.count):
            (self.folder / f"{number}.yaml").write_text(_SCRIPT.format(marker=self.marker(number)))

    def run(self, agent: str) -> None:
        """Start all of them at once, and wait for them."""
        began = time.monotonic()
        processes = [self._start(number, agent) for number in range(self.count)]
        try:
            while any(process.poll() is None for process in processes) and time.monotonic() < began + _SECONDS:
                self.peak = max(self.peak, sum(_memory(pid) for pid in traces_of(self.folder)))
                time.sleep(0.25)
        finally:
            for process in processes:
                process.kill()
        self.seconds = time.monotonic() - began
        self.solved = [number for number, process in enumerate(processes) if process.wait() == 0]
        self.left = self._leftovers()

    def _start(self, number: int, agent: str) -> subprocess.Popen[bytes]:
        words = [
            "run",
            "--agent",
            agent,
            "--task",
            str(self.folder / "task"),
            "--plain",
            "--trajectory-id",
            f"r{number}",
        ]
        env = os.environ | {"LOOPWRIGHT_HOME": str(self.home), "TMPDIR": str(self.folder / "tmp")}
        model = f"scripted:{self.folder / f'{number}.yaml'}"
        with (self.folder / f"{number}.log").open("wb") as log:
            command = [sys.executable, "-m", "loopwright", *words, "--model", model]
            return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def mixed_up(self) -> list[str]:
        """Where something of one run is found in another one's record, or its own is missing."""
        found = []
        markers = [self.marker(number).encode() for number in range(self.count)]
        for number, own in enumerate(markers):
            run = self.home / "trajectories" / f"r{number}"
            journal = (run / "journal.jsonl").read_bytes()
            if (run / "workspace" / "twice.txt").read_bytes() != own + b"\n" or journal.count(own) < 5:
                found.append(f"r{number} is not about {own.decode()}")
            found += [f"r{number} has {other.decode()}" for other in markers if other != own and other in journal]
        return found

    def _leftovers(self) -> list[str]:
        deadline = time.monotonic() + 30
        while (pids := traces_of(self.folder)) and time.monotonic() < deadline:
            time.sleep(0.1)
        files = [str(path) for path in (self.folder / "tmp").iterdir()]
        sockets = [str(path) for path in self.home.rglob("*") if path.is_socket()]
        return [*(f"process {pid}" for pid in pids), *files, *sockets]


def traces_of(folder: Path) -> list[int]:
    """The processes that have to do with a folder: by arguments, environment, or what is mounted where they are."""
    name, found = os.fsencode(folder), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = b"".join((process / file).read_bytes() for file in ("cmdline", "environ", "mountinfo"))
        except OSError:
            continue  # it has ended meanwhile, or belongs to somebody else
        if name in told and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found


def _memory(pid: int) -> int:
    """Bytes of memory of one process; what it shares with others counts in parts."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
