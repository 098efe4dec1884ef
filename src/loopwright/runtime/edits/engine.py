"""Apply typed edits to the files of a workspace: all of them, or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import singledispatchmethod
from pathlib import Path, PurePosixPath

from loopwright.base import UsageError, nearest
from loopwright.runtime.edits import paths
from loopwright.runtime.edits.commit import Undo, commit, digest
from loopwright.runtime.edits.hunks import Refused, left_out, updated
from loopwright.runtime.edits.operations import Create, Delete, Hunk, Move, Operation, Update
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
    alone = {one.path for one in operations if isinstance(one, Update)} - {
        path for one in operations for path in _other_paths(one)
    }
    hunks: dict[str, tuple[Hunk, ...]] = {}
    for one in operations:
        if isinstance(one, Update) and one.path in alone:
            hunks[one.path] = hunks.get(one.path, ()) + one.hunks
    for one in operations:
        if not isinstance(one, Update) or one.path not in alone:
            yield one
        elif one.path in hunks:
            yield Update(one.path, hunks.pop(one.path))


def _other_paths(operation: Operation) -> tuple[str, ...]:
    """The paths that an operation does more to than to change text."""
    if isinstance(operation, Update):
        return (operation.path, operation.move_to) if operation.move_to else ()
    return (operation.path, operation.to) if isinstance(operation, Move) else (operation.path,)


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
            self._do(operation)
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
        if not states and not self._problems:
            what = "it changes nothing: the files are so already" if self._now else "there is nothing in it"
            self._problems.append(Problem("the edit", what, "", "content"))
        if self._problems:
            raise EditError(self._problems)
        return states

    @singledispatchmethod
    def _do(self, operation: Operation) -> None:
        raise TypeError(f"no operation: {operation!r}")

    @_do.register
    def _(self, operation: Create) -> None:
        path, there = self._file(operation.path)
        if there is not None and not operation.overwrite:
            raise UsageError("it exists already", remedy="Change it with an edit instead of creating it.")
        placeholder = left_out(operation.content, there.content.decode("utf-8", "replace")) if there else ""
        if placeholder:
            raise UsageError(f"the new text says {placeholder!r} instead of the code", remedy="Write the code out.")
        self._now[path] = State(encoded(operation.content), there.mode if there else paths.NEW_FILE)
        self.changed.append(Changed(path, "updated" if there else "created", 1))

    @_do.register
    def _(self, operation: Delete) -> None:
        path, _ = self._existing(operation.path, itself=True)
        self._now[path] = None
        self.changed.append(Changed(path, "deleted"))

    @_do.register
    def _(self, operation: Move) -> None:
        path, there = self._existing(operation.path, itself=True)
        self._move(path, operation.to, there)
        self.changed.append(Changed(self._located(operation.to), "moved", moved_from=path))

    @_do.register
    def _(self, operation: Update) -> None:
        path, there = self._existing(operation.path, itself=operation.move_to is not None)
        if not operation.hunks and not operation.move_to:
            raise UsageError("there is no hunk for it", remedy="Give the old and the new text.")
        result = updated(there.content, operation.hunks, operation.path)
        if result.content == there.content and not operation.move_to:
            raise UsageError("the edit changes nothing in it: it is so already")
        new = State(result.content, there.mode)
        if operation.move_to:
            self._move(path, operation.move_to, new)
            to = self._located(operation.move_to)
            self.changed.append(Changed(to, "moved", result.line, result.matched, moved_from=path))
        else:
            self._now[path] = new
            self.changed.append(Changed(path, "updated", result.line, result.matched))

    def _move(self, path: str, to: str, state: State) -> None:
        target, there = self._file(to)
        if there is not None:
            raise UsageError("it exists already", where=to, remedy="Delete it first, or choose another name.")
        self._now[path], self._now[target] = None, state

    def _located(self, path: str) -> str:
        try:
            return paths.located(self._workspace, path)
        except UsageError as error:
            raise UsageError(error.what, where=path, remedy=error.remedy) from error

    def _file(self, path: str) -> tuple[str, State | None]:
        """The real path and what it holds at this point of the plan."""
        real = self._located(path)
        if real not in self._now:
            self.before[real] = self._now[real] = self._read(path, real)
        return real, self._now[real]

    def _read(self, path: str, real: str) -> State | None:
        try:
            return paths.read(self._workspace, real)
        except UsageError as error:
            raise UsageError(error.what, where=path, remedy=error.remedy) from error

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
