"""One trajectory of several lives, told by a script that is the same for every agent: it is killed, taken up again,
told something, stopped, taken up again, and runs out of each of its limits."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from tests.agents.programs_fixture import ensure_agents
from tests.conformance.leftovers import leftovers, sockets_below
from tests.conftest import write_tiny_task

from loopwright.gateway.requests import whole_request
from loopwright.record import BlobStore, RunDir, RunEnded, Trace, fold, read_events
from loopwright.trajectory import ControlRequest, ask

__all__ = ["PLANTED", "SCRIPT", "STEERING", "Entrant", "Tale", "shared_tale"]

SCRIPT = Path(__file__).with_name("script.yaml")
STEERING = "Mind the gap."
PLANTED = {
    "OPENAI_API_KEY": "sk-planted-openai-9c1e",
    "ANTHROPIC_API_KEY": "sk-planted-anthropic-9c1e",
    "CODEX_API_KEY": "planted-codex-9c1e",
    "CLAUDE_CODE_OAUTH_TOKEN": "planted-claude-9c1e",
    "OPENROUTER_API_KEY": "planted-openrouter-9c1e",
    "SOME_TOKEN": "planted-token-9c1e",
}
"""Keys that every life has in its environment, and that must be in no file afterwards."""

_ID = "tale"


class Entrant(NamedTuple):
    """An agent that the tale is told with: `agent` as `--agent` wants it, and the programs that it needs."""

    title: str
    agent: str
    programs: tuple[str, ...]


_SECONDS = 300.0


class Tale:
    """What came of it, as it lies in a folder: the record, what was printed, and `facts` that are in neither."""

    def __init__(self, folder: Path, trajectory: str = _ID) -> None:
        self.folder = folder
        self.rundir = RunDir(folder / "home", trajectory)

    @cached_property
    def facts(self) -> dict[str, Any]:
        """`exits` (of each life), `steered` (the answer to it), `left` (after each life), `seconds` (of each)."""
        found: dict[str, Any] = json.loads((self.folder / "facts.json").read_text())
        return found

    @cached_property
    def trace(self) -> Trace:
        """The whole trajectory."""
        return fold(event for _, event in read_events(self.rundir.journal))

    @cached_property
    def ends(self) -> list[str]:
        """Why each life ended, as far as it could say so."""
        return [event.reason for _, event in read_events(self.rundir.journal) if isinstance(event, RunEnded)]

    def value(self, payload: Any) -> str:
        """A payload's text."""
        return str(BlobStore(self.rundir.blobs_folder).value(payload))

    def requests(self) -> list[str]:
        """What each request to the model said."""
        calls, blobs = self.trace.model_calls, BlobStore(self.rundir.blobs_folder)
        return [str(whole_request(calls, call.call, blobs.value)) for call in calls]

    def everything_written(self) -> list[tuple[str, bytes]]:
        """Every file that a life wrote or printed, by name."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink()]
        return [(path.relative_to(self.folder).as_posix(), path.read_bytes()) for path in files]


def shared_tale(root: Path, name: str, all_agents: Mapping[str, Entrant]) -> Tale:
    """The tale of an agent, told once for all test processes that share `root`.

    A process that would have to wait for another one's telling tells a tale meanwhile that somebody will want next.
    """
    while not (root / f"tale-{name}" / "facts.json").exists():
        if not any(_told_here(root, other, all_agents[other]) for other in (name, *all_agents)):
            time.sleep(0.1)
    return Tale(root / f"tale-{name}")


def _told_here(root: Path, name: str, entrant: Entrant) -> bool:
    """Tell a tale, unless it was told or is being told."""
    folder = root / f"tale-{name}"
    with (root / f"tale-{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if folder.exists():
            assert (folder / "facts.json").exists(), f"the tale of {name} failed before, see {folder}"
            return False
        ensure_agents(*entrant.programs)
        _Teller(folder, entrant.agent).tell()
        return True


class _Teller:
    def __init__(self, folder: Path, agent: str) -> None:
        folder.mkdir()
        self._folder = folder
        self._agent = agent
        self._tale = Tale(folder)
        self._facts: dict[str, Any] = {"exits": [], "left": [], "seconds": []}

    def tell(self) -> None:
        task = write_tiny_task(self._folder / "greet")
        words = ["--task", str(task), "--model", f"scripted:{SCRIPT}", "--trajectory-id", _ID]
        self._life(["run", "--agent", self._agent, *words], self._kill)
        self._life(["resume", _ID], self._steer_and_stop)
        spent = self._trace().totals
        self._life(["resume", _ID, "--max-tokens", str(spent.usage.total + 1)])
        cost = self._trace().totals.cost or 0.0
        self._life(["resume", _ID, "--max-tokens", str(10**9), "--max-cost", f"{cost + 1e-9:.12f}"])
        parts = len(self._trace().parts)
        self._life(["resume", _ID, "--max-cost", "1000", "--max-parts", str(parts + 3)])
        self._facts["sockets"] = sockets_below(self._folder)
        (self._folder / "facts.json").write_text(json.dumps(self._facts))

    def _trace(self) -> Trace:
        return Tale(self._folder).trace

    def _life(self, words: list[str], meddle: Callable[[subprocess.Popen[bytes]], None] | None = None) -> None:
        began = time.monotonic()
        temporary = self._folder / "tmp"
        temporary.mkdir(exist_ok=True)
        env = {**os.environ, **PLANTED, "LOOPWRIGHT_HOME": str(self._tale.rundir.home), "TMPDIR": str(temporary)}
        with (self._folder / "printed").open("ab") as printed:
            process = subprocess.Popen(
                [sys.executable, "-m", "loopwright", *words, "--plain"], env=env, stdout=printed, stderr=printed
            )
            try:
                if meddle is not None:
                    meddle(process)
                self._facts["exits"].append(process.wait(_SECONDS))
            finally:
                process.kill()
                process.wait()
        self._facts["seconds"].append(round(time.monotonic() - began, 1))
        self._facts["left"].append([*leftovers(self._folder), *sorted(path.name for path in temporary.iterdir())])

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        self._until("at-kill", process)
        self._until_told("I am killed now.", process)
        process.kill()

    def _steer_and_stop(self, process: subprocess.Popen[bytes]) -> None:
        self._until("at-steer", process)
        request = ControlRequest(do="steer", source="the tale", text=STEERING)
        self._facts["steered"] = msgspec.to_builtins(ask(self._tale.rundir.control, request, 60))
        (self._tale.rundir.scratch / "steered").touch()
        self._until("at-stop", process)
        self._until_told("I am stopped now.", process)
        self._facts["stopped"] = msgspec.to_builtins(ask(self._tale.rundir.control, ControlRequest(do="stop"), 60))

    def _until(self, mark: str, process: subprocess.Popen[bytes]) -> None:
        """Wait until the script's command has touched /tmp/MARK in the sandbox."""
        self._wait(mark, (self._tale.rundir.scratch / mark).exists, process)

    def _until_told(self, text: str, process: subprocess.Popen[bytes]) -> None:
        """Wait until the record has a call after the text: its stream tells of it at about the time it begins."""

        def told() -> bool:
            _, _, after = self._tale.rundir.journal.read_bytes().partition(text.encode())
            return b'"part_type":"tool_call"' in after and after.endswith(b"\n")

        self._wait(text, told, process)

    def _wait(self, what: str, reached: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _SECONDS
        while not reached():
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{what} was not reached:\n{(self._folder / 'printed').read_text()[-3000:]}")
            time.sleep(0.02)
