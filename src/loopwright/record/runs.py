"""Finding the runs of a home."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from msgspec import Struct

from loopwright.base import UsageError, nearest
from loopwright.record._line import BadLine, unframe
from loopwright.record.rundir import RunDir

__all__ = ["choose", "find_run", "list_runs", "short_id"]

_SHOWN = 8
_RANDOM = re.compile(r"[0-9a-f-]{16,}")


class _Start(Struct):
    started_at: str


_start_decoder = msgspec.json.Decoder(_Start)


def list_runs(home: Path) -> list[RunDir]:
    """The runs of a home, the most recently started first; reads one line of each."""
    folder = home / "trajectories"
    if not folder.is_dir():
        return []
    runs = [RunDir(home, name) for name in _names(folder)]
    return sorted(runs, key=lambda run: (_started(run), run.id), reverse=True)


def find_run(home: Path, text: str) -> RunDir:
    """The run that `text` means: its full id, the beginning of exactly one id, or `latest`.

    Raises:
        UsageError: No run or more than one is meant; the ids that come near are named.
    """
    if text == "latest":
        return _latest(home)
    return RunDir.open(home, choose(_names(home / "trajectories"), text, str(home), "See `loopwright list`."))


def short_id(trajectory_id: str) -> str:
    """What people type for a run: the beginning of a random id, all of one that somebody chose."""
    return trajectory_id[:_SHOWN] if _RANDOM.fullmatch(trajectory_id) else trajectory_id


def choose(names: list[str], text: str, where: str, remedy: str) -> str:
    """The name that `text` is, or is the beginning of.

    Raises:
        UsageError: None is meant, or more than one; those that come near are named.
    """
    matches = [text] if text in names else [name for name in names if text and name.startswith(text)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        listed = ", ".join(matches[:_SHOWN]) + (", ..." if len(matches) > _SHOWN else "")
        raise UsageError(f"{text!r} could be any of {len(matches)} runs: {listed}.", remedy="Give more of the id.")
    near = nearest(text, names)
    hint = f" Did you mean {near!r}?" if near else ""
    raise UsageError(f"There is no run {text!r}.{hint}", where=where, remedy=remedy)


def _latest(home: Path) -> RunDir:
    runs = list_runs(home)
    if not runs:
        raise UsageError("There is no run yet.", where=str(home), remedy="Start one with `loopwright run`.")
    return runs[0]


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if _is_run(entry))


def _is_run(entry: Path) -> bool:
    try:
        RunDir(entry.parent.parent, entry.name)
    except UsageError:
        return False
    return entry.is_dir()


def _started(run: RunDir) -> str:
    """When the run was started, ISO 8601; of a run that died before it began, when its folder was made."""
    try:
        with run.journal.open("rb") as file:
            _, event = unframe(file.readline())
        return _start_decoder.decode(event).started_at
    except (OSError, BadLine, msgspec.MsgspecError):
        return _folder_time(run.path)


def _folder_time(path: Path) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()
