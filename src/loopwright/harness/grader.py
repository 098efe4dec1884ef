"""The grader: a submission, copied into a fresh sandbox that nobody who wrote it can reach, built and tested."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from anyio.to_thread import run_sync
from msgspec.structs import replace

from loopwright.base import MachineError
from loopwright.harness._copies import copy_folder, remove_outputs, scratch_folder
from loopwright.harness._digest import folder_digest, harness_digest, toolchain_digest
from loopwright.harness._listing import Declared
from loopwright.harness._messages import TestDone
from loopwright.harness._places import grading_spec, inside, outside
from loopwright.harness._select import normal_path, select, unknown_path
from loopwright.harness._session import Session, parallel_for
from loopwright.harness._store import ResultStore, store_key
from loopwright.harness._tally import complete, count_suites
from loopwright.harness._transcript import SessionEnd
from loopwright.harness.results import CaseResult, Grade
from loopwright.harness.tasks import Task

__all__ = ["Grader"]

OnCase = Callable[[CaseResult], None]
_SETUP = "setup"  # no test has this id: theirs have a slash


class Grader:
    """Grades submissions of one task.

    Args:
        task: From `load_task`.
        backend: Name of the sandbox backend (`bwrap`, ...).
        cache: Folder where results are kept from one grade to the next; None keeps none.
        parallel: How many tests run at once; 0 is as the task says.
    """

    def __init__(self, task: Task, *, backend: str, cache: Path | None, parallel: int = 0) -> None:
        self.task = task
        self._backend = backend
        self._cache = cache
        self._parallel = parallel_for(task, parallel)

    async def grade(
        self, repo: Path, commit: str, path: str = "", *, include_hidden: bool = False, on_case: OnCase | None = None
    ) -> Grade:
        """Grade a commit of a checkpoint repository.

        Args:
            repo: The repository.
            commit: 40 hex digits.
            path: "" for every suite that may be seen; a suite; a prefix of ids up to a `/`; an id; a glob.
            include_hidden: Also the hidden suites.
            on_case: Called with each result as it is known, in no particular order.

        Returns:
            The grade; its cases are in the order of declaration. What goes wrong with the submission, with its build,
            or with the harness while it runs is in the grade (`status_code`, `error`, `build`).

        Raises:
            MachineError: The sandbox cannot be started, or the cache cannot be written.
        """
        from loopwright.checkpoint import export_tree, tree_of

        tree = await run_sync(tree_of, repo, commit)
        work = _Work(self, path, include_hidden, on_case)
        grade = await work.run(lambda target: export_tree(repo, commit, target), tree)
        return replace(grade, commit=commit, tree=tree)

    async def grade_folder(
        self, workspace: Path, path: str = "", *, include_hidden: bool = False, on_case: OnCase | None = None
    ) -> Grade:
        """Grade a copy of a folder, which itself stays untouched; nothing is kept in the cache.

        Arguments, result and errors are those of `grade`; `commit` and `tree` are empty.
        """
        work = _Work(self, path, include_hidden, on_case)
        return await work.run(lambda target: copy_folder(workspace, target, self.task.ignore), None)

    def open_store(self, tree: str) -> ResultStore | None:
        """The kept results of a tree."""
        if self._cache is None:
            return None
        facts = (tree, self.task.digest, toolchain_digest(), harness_digest(), self._backend)
        return ResultStore(self._cache, store_key(*facts))

    async def run_session(
        self, fetch: Callable[[Path], object], tests: Sequence[Declared], on_test: OnTest
    ) -> SessionEnd:
        """Run these tests on what `fetch` puts into an empty folder."""
        from loopwright.sandbox import open_sandbox

        if await run_sync(folder_digest, self.task.folder) != self.task.digest:
            return SessionEnd(harness_error="the task folder has changed since the task was loaded")
        async with scratch_folder() as scratch:
            workspace, cases = scratch / "workspace", scratch / "cases"
            workspace.mkdir()
            cases.mkdir()
            await run_sync(fetch, workspace)
            await run_sync(remove_outputs, workspace, self.task.outputs)
            sandbox = open_sandbox(self._backend, grading_spec(self.task.folder, scratch))
            places = outside(self.task.folder, scratch) if self._backend == "host" else inside()
            return await Session(self.task, places, tests, self._parallel, on_test).run(sandbox)


OnTest = Callable[[TestDone], None]


class _Work:
    """One grade in the making."""

    def __init__(self, grader: Grader, path: str, include_hidden: bool, on_case: OnCase | None) -> None:
        self._grader = grader
        self._path = normal_path(path)
        self._on_case = on_case
        self._results: dict[str, CaseResult] = {}
        self._store: ResultStore | None = None
        self._started = time.monotonic()
        suites = {*grader.task.visible, *(grader.task.hidden if include_hidden else ())}
        self._allowed = [test for test in grader.task.tests if test.suite in suites]
        self._suite_of = {test.id: test.suite for test in self._allowed}

    async def run(self, fetch: Callable[[Path], object], tree: str | None) -> Grade:
        selected = select(self._allowed, self._path)
        if not selected:
            return self._grade((), SessionEnd(), status_code=400, error=unknown_path(self._allowed, self._path))
        self._store = await run_sync(self._grader.open_store, tree) if tree else None
        try:
            build = await self._recall(selected)
            missing = [test for test in selected if test.id not in self._results]
            if not missing or build:
                return self._grade(selected, SessionEnd(build=build), cached=True)
            return self._grade(selected, await self._run(fetch, missing))
        finally:
            if self._store:
                self._store.close()

    async def _run(self, fetch: Callable[[Path], object], missing: Sequence[Declared]) -> SessionEnd:
        end = await self._grader.run_session(fetch, missing, self._on_test)
        if end.build and not end.harness_error and not end.build_slow:
            self._keep(CaseResult(_SETUP, "", "failed", 0, message=end.build))
        return end

    async def _recall(self, selected: Sequence[Declared]) -> str:
        """Take the kept results; gives the output of a build that is known to fail."""
        if self._store is None:
            return ""
        kept = await run_sync(self._store.load, [_SETUP, *(test.id for test in selected)])
        build = kept.pop(_SETUP, None)
        for case in kept.values():
            self._note(case)
        return build.message if build else ""

    def _on_test(self, done: TestDone) -> None:
        case = done.case(self._suite_of[done.id])
        self._note(case)
        if not done.slow and done.status in ("passed", "failed", "skipped"):
            self._keep(case)

    def _note(self, case: CaseResult) -> None:
        self._results[case.id] = case
        if self._on_case:
            self._on_case(case)

    def _keep(self, case: CaseResult) -> None:
        if self._store is None:
            return
        try:
            self._store.add(case)
        except OSError as error:
            raise MachineError(
                f"results cannot be kept: {error.strerror}", where=error.filename, remedy="Free some space."
            ) from error

    def _grade(
        self,
        selected: Sequence[Declared],
        end: SessionEnd,
        *,
        status_code: int = 200,
        error: str = "",
        cached: bool = False,
    ) -> Grade:
        reason = end.harness_error or ("the build failed" if end.build else "")
        unreported = frozenset(test.id for test in selected if test.id not in self._results)
        cases = complete(selected, self._results, f"not run: {reason}")
        return Grade(
            commit="",
            tree="",
            path=self._path,
            status_code=500 if end.harness_error else status_code,
            error=error or reason or end.warning,
            cases=cases,
            suites=count_suites(cases, self._grader.task.suites, unreported, reason),
            duration_ms=round((time.monotonic() - self._started) * 1000),
            cached=cached,
            build=end.build,
        )
