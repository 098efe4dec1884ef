"""Apply typed edits to the files of a workspace: all of them, or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from loopwright.base import UsageError, nearest
from loopwright.runtime.edits import paths
from loopwright.runtime.edits.commit import Undo, commit, digest
from loopwright.runtime.edits.hunks import Refused, Result, left_out, updated
from loopwright.runtime.edits.operations import Create, Delete, Hunk, Move, Operation, Update, touched
from loopwright.runtime.edits.paths import State
from loopwright.runtime.edits.report import Changed, EditError, EditReport, Problem, report_text
from loopwright.runtime.edits.text import encoded

__all__ = ["apply"]


def apply(workspace: Path, operations: Sequence[Operation], *, dry_run: bool = False) -> EditReport:
    """Do all operations, in order; with `dry_run` only find out what they would do.

    Everything is computed in memory first, so a mistake in one hunk changes no file at all. Hunks are found in the
    file as it was before the call, so their order does not matter.

    Raises:
        EditError: An operation cannot be done as written; it says which, why, and what the file has instead.
        MachineError: The disk refused; every file is as it was before.
    """
    plan = _Plan(workspace)
    for operation in _joined(operations):
        plan.add(operation)
    states = plan.states()
    before = {path: plan.before[path] for path in states}
    folders = () if dry_run else commit(workspace, states)
    undo = Undo(before, {path: digest(state) for path, state in states.items()}, folders)
    changed = tuple(plan.changed)
    return EditReport(changed, undo, report_text(changed, dry_run=dry_run), dry_run)


def _joined(operations: Sequence[Operation]) -> Iterator[Operation]:
    """The operations, with all updates of a file as one, where nothing else happens to that file."""
    busy = {path for one in operations if not _only_changes(one) for path in touched(one)}
    hunks: dict[str, tuple[Hunk, ...]] = {}
    for one in operations:
        if isinstance(one, Update):
            hunks[one.path] = hunks.get(one.path, ()) + one.hunks
    for one in operations:
        if one.path in busy or not _only_changes(one):
            yield one
        elif one.path in hunks:
            yield Update(one.path, hunks.pop(one.path))


def _only_changes(operation: Operation) -> bool:
    return isinstance(operation, Update) and operation.move_to is None


class _Plan:
    """The files as they will be: an overlay over the workspace, and everything that is wrong so far."""

    def __init__(self, workspace: Path) -> None:
        self.before: dict[str, State | None] = {}
        self.changed: list[Changed] = []
        self._now: dict[str, State | None] = {}
        self._workspace = workspace
        self._problems: list[Problem] = []

    def add(self, operation: Operation) -> None:
        """Take in one operation, or note what is wrong with it."""
        try:
            match operation:
                case Create():
                    self._create(operation)
                case Delete(path):
                    self._delete(path)
                case Update(path, (), None):
                    raise UsageError("there is no hunk for it", where=path, remedy="Give the old and the new text.")
                case Update(path, hunks, to):
                    self._change(path, hunks, to)
                case Move(path, to):
                    self._change(path, (), to)
        except Refused as error:
            self._problems += error.problems
        except UsageError as error:
            self._problems.append(Problem(error.where or operation.path, error.what, error.remedy or "", "path"))

    def states(self) -> dict[str, State | None]:
        """What every changed path will hold.

        Raises:
            EditError: Something is wrong, or nothing would change.
        """
        states = {path: state for path, state in self._now.items() if state != self.before[path]}
        files = {path for path, state in self._now.items() if state is not None}
        for path in files:
            for parent in files & {str(above) for above in PurePosixPath(path).parents}:
                self._problems.append(Problem(path, f"{parent} is a file, not a folder", "", "path"))
        if not states and not self._problems and {one.what for one in self.changed} != {"kept"}:
            what = "it changes nothing: the files are so already" if self._now else "there is nothing in it"
            self._problems.append(Problem("the edit", what, "", "content"))
        if self._problems:
            raise EditError(self._problems)
        return states

    def _create(self, operation: Create) -> None:
        path, there = self._file(operation.path)
        if there is not None and not operation.overwrite:
            raise UsageError("it exists already", remedy="Change it with an edit instead of creating it.")
        placeholder = left_out(operation.content, there.content.decode("utf-8", "replace")) if there else ""
        if placeholder:
            raise UsageError(f"the new text says {placeholder!r} instead of the code", remedy="Write the code out.")
        new = self._now[path] = State(encoded(operation.content), there.mode if there else paths.NEW_FILE)
        self.changed.append(Changed(path, "created" if there is None else "kept" if new == there else "updated", 1))

    def _delete(self, path: str) -> None:
        real, _ = self._existing(path, itself=True)
        self._now[real] = None
        self.changed.append(Changed(real, "deleted"))

    def _change(self, path: str, hunks: Sequence[Hunk], to: str | None) -> None:
        """Apply hunks, which may be none for a file that is renamed."""
        real, there = self._existing(path, itself=to is not None)
        result = updated(there.content, hunks, path) if hunks else Result(there.content, None, ())
        new = State(result.content, there.mode)
        if to is None:
            if new == there:
                raise UsageError("the edit changes nothing in it: it is so already")
            self._now[real] = new
            self.changed.append(Changed(real, "updated", result.line, result.matched))
            return
        target, occupied = self._file(to)
        if occupied is not None:
            raise UsageError("it exists already", where=to, remedy="Delete it first, or choose another name.")
        self._now[real], self._now[target] = None, new
        self.changed.append(Changed(target, "moved", result.line, result.matched, moved_from=real))

    def _file(self, path: str) -> tuple[str, State | None]:
        """The real path and what it holds at this point of the plan."""
        try:
            real = paths.located(self._workspace, path)
            if real not in self._now:
                self.before[real] = self._now[real] = paths.read(self._workspace, real)
        except UsageError as error:
            raise UsageError(error.what, where=path, remedy=error.remedy) from error
        return real, self._now[real]

    def _existing(self, path: str, *, itself: bool) -> tuple[str, State]:
        real, there = self._file(path)
        if there is None:
            raise UsageError("there is no such file", where=path, remedy=self._suggestion(real))
        if itself and paths.is_link(self._workspace, path):
            raise UsageError("it is a symbolic link", where=path, remedy="Use the shell for links.")
        return real, there

    def _suggestion(self, real: str) -> str:
        """Which file may have been meant: one of that name elsewhere, or a name like it in the same folder."""
        name, root = PurePosixPath(real).name, self._workspace.resolve()
        same = paths.named(root, name)
        folder = (root / real).parent
        near = nearest(name, sorted(entry.name for entry in folder.iterdir())) if folder.is_dir() else None
        if not same and not near:
            return "Name a file that exists."
        return f"Do you mean {', '.join(same) or (folder / str(near)).relative_to(root)}?"
