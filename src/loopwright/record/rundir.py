"""Where everything of a run lies. `RunDir` owns every path; nobody else joins them.

<home>/.gitignore                   `*`, so that a repository around it stays clean
<home>/cache/grades/                grades shared by all runs
<home>/cache/agents/                what programs of agents say of themselves
<home>/trajectories/<id>/
    journal.jsonl                   the truth; one event a line
    blobs/<aa>/<hash>               payloads over 8 KiB, once each
    repo.git/                       private checkpoints
    workspace/                      the agent's working copy
    scratch/                        temporary files of the run
    bundles/<n>.bundle              incremental bundles on their way to or from a store
    run.lock  control.sock  gateway.sock  run.log
    agent_trace.json  repo.bundle  trace.parquet  conversation.md  summary.json  result.patch      derived
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from loopwright.base import UsageError
from loopwright.record._disk import disk_error

__all__ = ["RunDir", "check_id", "home_folder"]

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_RESERVED = {"latest"}


def home_folder() -> Path:
    """`$LOOPWRIGHT_HOME`, or `.loopwright` in the current folder; absolute, perhaps not there yet."""
    named = os.environ.get("LOOPWRIGHT_HOME")
    return Path(named).expanduser().absolute() if named else Path.cwd() / ".loopwright"


def check_id(trajectory_id: str) -> str:
    """Return the id if it can be a folder name and an object key.

    Raises:
        UsageError: It is empty, too long, reserved, or has characters outside `A-Z a-z 0-9 . _ -`.
    """
    if not _ID.fullmatch(trajectory_id) or trajectory_id in _RESERVED:
        raise UsageError(
            f"{trajectory_id!r} cannot be a trajectory id.",
            remedy="Use 1 to 64 letters, digits, `.`, `_` and `-`, beginning with a letter or digit; not `latest`.",
        )
    return trajectory_id


class RunDir:
    """The folder of one run; see the module for the tree. Making one touches no file."""

    def __init__(self, home: Path, trajectory_id: str) -> None:
        self.home = home.absolute()
        self.id = check_id(trajectory_id)

    @classmethod
    def create(cls, home: Path, trajectory_id: str) -> RunDir:
        """Make the folder of a new run, and the home around it where that is missing.

        Raises:
            UsageError: A run with this id exists, or the id is not one.
            MachineError: The home cannot be written to.
        """
        rundir = cls(home, trajectory_id)
        try:
            _make_home(rundir.home)
            rundir.path.mkdir()
            rundir.blobs_folder.mkdir()
            rundir.scratch.mkdir()
        except FileExistsError as error:
            if not rundir.path.is_dir():
                raise disk_error(error, "make the home folder", home) from error
            raise UsageError(
                f"There would be two runs with one id: {trajectory_id!r} exists.",
                where=str(rundir.path),
                remedy=f"Choose another id, or go on with `loopwright resume {trajectory_id}`.",
            ) from error
        except OSError as error:
            raise disk_error(error, "make the folder of the run", rundir.path) from error
        return rundir

    @classmethod
    def open(cls, home: Path, trajectory_id: str) -> RunDir:
        """The folder of an existing run, by its full id.

        Raises:
            UsageError: There is no such run.
        """
        rundir = cls(home, trajectory_id)
        if not rundir.path.is_dir():
            raise UsageError(
                f"There is no run {trajectory_id!r}.", where=str(rundir.path.parent), remedy="See `loopwright list`."
            )
        return rundir

    def __repr__(self) -> str:
        return f"RunDir({str(self.path)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunDir) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.home / "trajectories" / self.id

    @property
    def journal(self) -> Path:
        """The truth: one event a line."""
        return self.path / "journal.jsonl"

    @property
    def blobs_folder(self) -> Path:
        """Payloads over 8 KiB."""
        return self.path / "blobs"

    @property
    def repo(self) -> Path:
        """The private repository of checkpoints."""
        return self.path / "repo.git"

    @property
    def workspace(self) -> Path:
        """The agent's working copy."""
        return self.path / "workspace"

    @property
    def scratch(self) -> Path:
        """Temporary files of the run; anything here may be deleted while nobody works on the run."""
        return self.path / "scratch"

    @property
    def agent_home(self) -> Path:
        """The home folder of a foreign agent: its settings and its own memory of the session."""
        return self.path / "agent_home"

    @property
    def bundles_folder(self) -> Path:
        """Incremental bundles on their way to a store, or as fetched from one."""
        return self.path / "bundles"

    @property
    def lock(self) -> Path:
        """Locked by the one process that writes."""
        return self.path / "run.lock"

    @property
    def control(self) -> Path:
        """Unix socket of the process that works on the run."""
        return self.path / "control.sock"

    @property
    def gateway_socket(self) -> Path:
        """Where agents reach the gateway while the run goes on."""
        return self.path / "gateway.sock"

    @property
    def log(self) -> Path:
        """What a detached run prints."""
        return self.path / "run.log"

    @property
    def agent_trace(self) -> Path:
        """Derived: the trajectory as one JSON object (see `Trace`)."""
        return self.path / "agent_trace.json"

    @property
    def bundle(self) -> Path:
        """Derived: every checkpoint as one git bundle."""
        return self.path / "repo.bundle"

    @property
    def parquet(self) -> Path:
        """Derived: one row a part."""
        return self.path / "trace.parquet"

    @property
    def conversation(self) -> Path:
        """Derived: the trajectory for a person to read."""
        return self.path / "conversation.md"

    @property
    def summary(self) -> Path:
        """Derived: the few facts that a list of runs shows."""
        return self.path / "summary.json"

    @property
    def patch(self) -> Path:
        """Derived: what the agent changed, from the starting files to the last checkpoint, as `git apply` reads it."""
        return self.path / "result.patch"

    @property
    def grades(self) -> Path:
        """The cache of grades, shared by all runs of this home."""
        return self.home / "cache" / "grades"

    @property
    def agents_cache(self) -> Path:
        """What programs of agents say of themselves, by version; shared by all runs of this home."""
        return self.home / "cache" / "agents"


def _make_home(home: Path) -> None:
    (home / "trajectories").mkdir(parents=True, exist_ok=True)
    ignore = home / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
