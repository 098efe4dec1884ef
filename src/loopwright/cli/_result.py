"""What an agent changed: as a patch, and into the folder that its workspace was copied from."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, to_builtins

from loopwright.base import LoopwrightError, atomic_write
from loopwright.record import FileChange, RunDir, read_events
from loopwright.trajectory import started_event

if TYPE_CHECKING:
    from loopwright.record import RunEnded
    from loopwright.runtime.edits.paths import State

__all__ = ["Result", "apply_result", "write_result"]

_MOST_NAMED = 10


class Result(Struct, frozen=True):
    """What came of a run.

    Attributes:
        rundir: The run.
        patch: The file with the patch.
        changes: Which files it changes.
        target: The folder that the workspace was copied from; "" where there was none.
        left_out: What could not be kept, and so is not in the patch.
        run_folder: Where the profile keeps the conversation; "" where it keeps none.
    """

    rundir: RunDir
    patch: Path
    changes: tuple[FileChange, ...]
    target: str
    left_out: tuple[str, ...]
    run_folder: str = ""

    @property
    def by_hand(self) -> str:
        """The command that applies the patch, whatever has changed meanwhile."""
        return f"git -C {shlex.quote(self.target)} apply {shlex.quote(str(self.patch))}"

    def facts(self, ended: RunEnded) -> dict[str, Any]:
        """For programs."""
        return {
            "id": self.rundir.id,
            "record": str(self.rundir.path),
            "reason": ended.reason,
            "detail": ended.detail,
            "solved": ended.reason == "solved",
            "parts": ended.total_parts,
            "turns": ended.total_turns,
            "patch": str(self.patch),
            "changed": to_builtins(self.changes),
            "left_out": list(self.left_out),
            "workspace": self.target,
            "run_folder": self.run_folder,
        }


def write_result(rundir: RunDir, run_folder: str = "") -> Result:
    """Write the patch of a run, from its starting files to its last checkpoint.

    Raises:
        MachineError: The disk is full.
    """
    from loopwright.checkpoint import changed_between, patch
    from loopwright.record import fold

    begun = started_event(rundir)
    trace = fold(event for _, event in read_events(rundir.journal))
    last = trace.session_end.final_git_commit if trace.session_end else begun.initial_commit
    atomic_write(rundir.patch, patch(rundir.repo, begun.initial_commit, last))
    return Result(
        rundir=rundir,
        patch=rundir.patch,
        changes=changed_between(rundir.repo, begun.initial_commit, last),
        target=begun.options.get("files", ""),
        left_out=tuple(notice.message for notice in trace.notices if notice.code == "file_not_kept"),
        run_folder=run_folder,
    )


def apply_result(rundir: RunDir, result: Result, ended: RunEnded) -> bool:
    """Bring the changed files into the folder that the workspace was copied from: all of them, or none.

    True where it was done, False where there was nothing to do.

    Raises:
        LoopwrightError: The run ended before its work was done, or the folder is not as it was copied.
        MachineError: A file cannot be written; then nothing is changed.
    """
    from loopwright.checkpoint import export_tree
    from loopwright.trajectory import END_OF_INPUT

    done = ended.reason in ("solved", "finished") or ended.detail == END_OF_INPUT
    if not done:
        raise LoopwrightError(
            f"The result was not applied, because the run ended with {ended.reason}.",
            remedy=f"Look at the patch; to apply it anyway: {result.by_hand}",
        )
    if not result.changes:
        return False
    begun, target = started_event(rundir), Path(result.target)
    with tempfile.TemporaryDirectory(prefix="loopwright-") as folder:
        before, after = Path(folder, "before"), Path(folder, "after")
        export_tree(rundir.repo, begun.initial_commit, before)
        export_tree(rundir.repo, ended.final_git_commit, after)
        _check(before, target, result)
        _commit(target, _states(after, target, result.changes))
    return True


def _check(before: Path, target: Path, result: Result) -> None:
    """The folder must hold what was copied, and nothing where the patch puts a new file."""
    new = [change.path for change in result.changes if change.status == "added"]
    differing = [path for path in _files(before) if not _same(before / path, target / path)]
    differing += [path for path in new if os.path.lexists(target / path)]
    if differing:
        names = ", ".join(differing[:_MOST_NAMED])
        more = f" and {len(differing) - _MOST_NAMED} more" if len(differing) > _MOST_NAMED else ""
        raise LoopwrightError(
            f"The result was not applied: since the run began, these files have changed: {names}{more}.",
            where=str(target),
            remedy=f"Bring them back, or apply the patch by hand: {result.by_hand}",
        )
    odd = next((one.path for one in result.changes if (before / one.path).is_symlink()), None)
    odd = odd or _leaving(target, result)
    if odd is not None:
        raise LoopwrightError(
            f"The result was not applied: {odd} is a symbolic link, lies behind one, or lies in a .git.",
            where=str(target),
            remedy=f"Look at the patch, and apply it by hand: {result.by_hand}",
        )


def _leaving(target: Path, result: Result) -> str | None:
    """A changed path that leads through a link or into a `.git`."""
    for change in result.changes:
        parts = Path(change.path).parts
        parents = [target.joinpath(*parts[:count]) for count in range(1, len(parts))]
        if any(parent.is_symlink() for parent in parents) or any(part.lower() == ".git" for part in parts):
            return change.path
    return None


def _files(folder: Path) -> Iterator[str]:
    for above, folders, files in os.walk(folder):
        links = [name for name in folders if Path(above, name).is_symlink()]
        yield from sorted(Path(above, name).relative_to(folder).as_posix() for name in (*files, *links))


def _same(one: Path, other: Path) -> bool:
    if not os.path.lexists(other) or one.is_symlink() != other.is_symlink():
        return False
    if one.is_symlink():
        return one.readlink() == other.readlink()
    if not stat.S_ISREG(other.lstat().st_mode):
        return False
    same_mode = bool(one.stat().st_mode & 0o100) == bool(other.stat().st_mode & 0o100)
    return same_mode and one.read_bytes() == other.read_bytes()


def _states(after: Path, target: Path, changes: tuple[FileChange, ...]) -> dict[str, State | None]:
    from loopwright.runtime.edits.paths import State

    states: dict[str, State | None] = {}
    for change in changes:
        path = after / change.path
        if change.status == "deleted":
            states[change.path] = None
        elif path.is_symlink():
            raise LoopwrightError(f"The result was not applied: {change.path} became a symbolic link.")
        else:
            states[change.path] = State(path.read_bytes(), _mode(path, target / change.path))
    return states


def _mode(after: Path, now: Path) -> int:
    """The file's own permissions, executable or not as the agent left it; the usual ones for a new file."""
    mode = stat.S_IMODE(now.stat().st_mode) if now.exists() else 0o644
    return mode | (mode & 0o444) >> 2 if after.stat().st_mode & 0o100 else mode & ~0o111


def _commit(target: Path, states: dict[str, State | None]) -> None:
    from loopwright.runtime.edits.commit import commit

    commit(target, states)
    for path, state in states.items():
        if state is None:
            _remove_empty((target / path).parent, target)


def _remove_empty(folder: Path, root: Path) -> None:
    """Folders that a deletion left empty go, as git has it."""
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        shutil.rmtree(folder, ignore_errors=True)
        folder = folder.parent
