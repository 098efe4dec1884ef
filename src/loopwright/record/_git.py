"""Asking git about a repository or a bundle; `record` reads checkpoints, it never makes one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from loopwright.base import MachineError

__all__ = ["bundle_refs", "bundled_trees", "commit_trees", "part_refs"]


def commit_trees(repo: Path, commits: list[str]) -> dict[str, str | None]:
    """The tree of each commit, or None where the commit or its tree is missing.

    Raises:
        MachineError: `git` is missing or cannot read the repository.
    """
    asked = "".join(f"{commit}^{{tree}}\n" for commit in commits)
    out = _git(repo, "cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked)
    answers = [line.split() for line in out.splitlines()]
    trees = [words[0] if words[-1:] == ["tree"] else None for words in answers]
    return dict(zip(commits, trees, strict=True))


def bundled_trees(bundles: list[Path], commits: list[str]) -> dict[str, str | None]:
    """The tree of each commit in a bundle, or in a chain of bundles in their order; as `commit_trees` gives them.

    Raises:
        MachineError: `git` is missing, or a file is damaged or builds on one that is not there.
    """
    with TemporaryDirectory(prefix="loopwright-") as folder:
        repo = Path(folder)
        _git(None, "init", "--quiet", "--bare", "--template=", str(repo))
        for bundle in bundles:
            try:
                _git(repo, "bundle", "unbundle", str(bundle))
            except MachineError as error:
                raise MachineError(error.what, where=str(bundle)) from error
        return commit_trees(repo, commits)


def part_refs(repo: Path) -> dict[int, str]:
    """The commit of each `refs/parts/<n>`.

    Raises:
        MachineError: `git` is missing or cannot read the repository.
    """
    return _parts(_git(repo, "for-each-ref", "--format=%(objectname) %(refname)", "refs/parts/"))


def bundle_refs(bundle: Path) -> dict[int, str]:
    """The commit of each `refs/parts/<n>` that a bundle lists.

    Raises:
        MachineError: `git` is missing or the file is not a bundle.
    """
    return _parts(_git(None, "bundle", "list-heads", str(bundle)))


def _parts(listing: str) -> dict[int, str]:
    found = {}
    for line in listing.splitlines():
        commit, _, name = line.partition(" ")
        number = name.removeprefix("refs/parts/")
        if number != name and number.isascii() and number.isdigit():
            found[int(number)] = commit
    return found


def _git(repo: Path | None, *args: str, stdin: str = "") -> str:
    # The caller's GIT_DIR and the like would make git answer about another repository.
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {"LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_NO_REPLACE_OBJECTS": "1"}
    where = [] if repo is None else [f"--git-dir={repo}"]
    try:
        done = subprocess.run(["git", *where, *args], input=stdin.encode(), env=env, capture_output=True, check=False)
    except OSError as error:
        raise MachineError("git is missing.", remedy="Install it with `apt-get install git`.") from error
    if done.returncode != 0:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise MachineError(
            f"git cannot read it: {reason[-1] if reason else done.returncode}", where=str(repo or args[-1])
        )
    return done.stdout.decode("utf-8", "replace")
