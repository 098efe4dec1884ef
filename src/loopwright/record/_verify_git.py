"""Whether every checkpoint that the journal names is in the repository, with its tree and its ref."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from loopwright.base import MachineError
from loopwright.record._cut import refs_ahead, was_salvaged
from loopwright.record._git import bundled_trees, commit_trees, part_refs
from loopwright.record._problem import Problem
from loopwright.record.folding import Fold
from loopwright.record.rundir import RunDir

__all__ = ["check_repository"]

_FROM_BUNDLE = "Fetch the commits from `repo.bundle`, or from the store with `--store`."
_NO_OTHER = "Copy the repository back from a backup, or the bundles from the store."


def check_repository(rundir: RunDir, state: Fold) -> tuple[int, list[Problem]]:
    """Check the commits and refs; returns how many commits there are, and what is wrong.

    Where there is no repository (a fetched run has none), its bundles are looked into instead.

    Raises:
        MachineError: `git` is missing.
    """
    trees = state.checkpoints
    if state.started is None and not rundir.repo.exists():
        return 0, []
    if not rundir.repo.exists():
        return _check_bundles(rundir, trees)
    try:
        found = commit_trees(rundir.repo, list(trees))
        refs = part_refs(rundir.repo)
    except MachineError as error:
        if error.where is None:
            raise
        return 0, [Problem(str(rundir.repo), error.what, _FROM_BUNDLE)]
    problems = [*_wrong_commits(rundir, trees, found), *_wrong_refs(rundir, state, refs)]
    return len(trees), problems


def _check_bundles(rundir: RunDir, trees: dict[str, str]) -> tuple[int, list[Problem]]:
    bundles = [rundir.bundle] if rundir.bundle.exists() else sorted(rundir.bundles_folder.glob("*.bundle"))
    if not bundles:
        return 0, [Problem(str(rundir.repo), "The repository repo.git is gone.", _NO_OTHER)]
    names = bundles[0].name if len(bundles) == 1 else f"{len(bundles)} files of {rundir.bundles_folder.name}/"
    try:
        found = bundled_trees(bundles, list(trees))
    except MachineError as error:
        if error.where is None:
            raise
        what = f"The repository repo.git is gone, and {names} cannot be read: {error.what}"
        return 0, [Problem(error.where, what, _NO_OTHER)]
    wrong = [commit for commit, tree in trees.items() if found[commit] != tree]
    if wrong:
        what = f"The repository repo.git is gone, and {names} lacks {len(wrong)} of {len(trees)} commits"
        return len(trees) - len(wrong), [Problem(str(rundir.repo), f"{what}, the first {wrong[0]}.", _NO_OTHER)]
    what = f"The repository repo.git is gone; {names} has all {len(trees)} commits."
    return len(trees), [Problem(str(rundir.repo), what, _way_back(rundir, bundles), "warning")]


def _way_back(rundir: RunDir, bundles: list[Path]) -> str:
    repo = shlex.quote(str(rundir.repo))
    if bundles == [rundir.bundle]:
        return f"Type: git clone --mirror {shlex.quote(str(rundir.bundle))} {repo}"
    folder = shlex.quote(str(rundir.bundles_folder))
    fetch = f"git -C {repo} fetch $b '+refs/*:refs/*'"
    return f"Type: git init --bare -b main {repo} && for b in {folder}/*.bundle; do {fetch}; done"


def _wrong_commits(rundir: RunDir, trees: dict[str, str], found: dict[str, str | None]) -> Iterator[Problem]:
    for commit, tree in trees.items():
        if found[commit] is None:
            yield Problem(str(rundir.repo), f"The commit {commit} of a checkpoint is missing.", _FROM_BUNDLE)
        elif found[commit] != tree:
            yield Problem(str(rundir.repo), f"The commit {commit} has the tree {found[commit]}, not {tree}.", "")


def _wrong_refs(rundir: RunDir, state: Fold, refs: dict[int, str]) -> Iterator[Problem]:
    commits = {0: state.started.initial_commit} if state.started else {}
    commits |= dict(enumerate(state.part_commits, start=1))
    for part in state.checkpoint_parts:
        if part not in refs:
            yield Problem(f"{rundir.repo} refs/parts/{part}", "The ref of a checkpoint is missing.", _FROM_BUNDLE)
    for part, commit in refs.items():
        if part in commits and commit != commits[part]:
            what = f"The ref is at {commit}, the journal says {commits[part]}."
            yield Problem(
                f"{rundir.repo} refs/parts/{part}", what, f"Run `git update-ref refs/parts/{part} COMMIT` there."
            )
    yield from _refs_ahead(rundir, state)


def _refs_ahead(rundir: RunDir, state: Fold) -> Iterator[Problem]:
    lost = refs_ahead(rundir, state.parts)
    if lost:
        salvaged = was_salvaged(rundir)
        yield Problem(
            str(rundir.journal),
            f"The repository knows {lost} parts more than the journal.",
            "See journal.damaged-*.jsonl." if salvaged else "The journal was cut; restore it from the store.",
            "warning" if salvaged else "error",
        )
