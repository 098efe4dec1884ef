"""Checkpoints in one file: full and incremental git bundles, and the way back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

from loopwright.base import MachineError, UsageError
from loopwright.checkpoint._failures import speaking
from loopwright.checkpoint._git import GitFailed, git
from loopwright.checkpoint._reader import Reader
from loopwright.checkpoint._refs import MAIN, is_ours, write_packed_refs
from loopwright.checkpoint._repository import check_place, make_repository

__all__ = ["bundle", "bundle_refs", "unbundle"]


def bundle(repo: Path, target: Path, *, since: Collection[str] | None = None) -> list[str] | None:
    """Write the checkpoints as a git bundle; it appears at `target` complete or not at all.

    Args:
        repo: The checkpoint repository.
        target: The file to write; an older one is replaced.
        since: Commits (40 hex digits) that earlier bundles hold with all before them. Only what is newer is written,
            and `unbundle` needs the earlier bundles first. None writes everything. Unknown commits are ignored.

    Returns:
        The refs in the bundle (a full one also has HEAD, so that it can be cloned), or None where there is nothing
        new (no file is written then).

    Raises:
        UsageError: There is no repository, or it has no checkpoint.
        MachineError: git is missing, or the disk is full.
    """
    reader = Reader(repo)
    refs = {name: commit for name, commit in reader.refs().items() if is_ours(name)}
    if MAIN not in refs:
        raise UsageError(f"The repository lacks {MAIN}: it has no checkpoint.", where=str(repo))
    held = [commit for commit in since or () if reader.knows(commit)]
    if held:
        fresh = {commit.id for commit in reader.history(refs[MAIN], until=frozenset(held))}
        refs = {name: commit for name, commit in refs.items() if commit in fresh}
    if not refs:
        return None
    names = sorted(refs)
    # Without HEAD in it, plain `git clone` of a bundle checks nothing out.
    head = [] if held else ["HEAD"]
    _create(repo, target, [*head, *names, *(f"^{commit}" for commit in held)])
    return names


def _create(repo: Path, target: Path, revisions: list[str]) -> None:
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    lines = "".join(f"{revision}\n" for revision in revisions).encode()
    try:
        git(["bundle", "create", "--quiet", str(scratch.resolve()), "--stdin"], repo=repo, stdin=lines)
        with speaking(target):
            scratch.replace(target)
    except GitFailed as error:
        raise MachineError(f"The bundle could not be written: {error.text}", where=str(target)) from error
    finally:
        for leftover in (scratch, scratch.with_name(f"{scratch.name}.lock")):
            leftover.unlink(missing_ok=True)


def bundle_refs(path: Path) -> dict[str, str]:
    """The refs in a bundle and their commits, without HEAD.

    Raises:
        UsageError: The file is not there or is no git bundle.
    """
    if not path.is_file():
        raise UsageError("There is no bundle.", where=str(path))
    try:
        out = git(["bundle", "list-heads", str(path.resolve())], repo=path.resolve().parent)
    except GitFailed as error:
        raise UsageError("This is not a git bundle, or it is damaged.", where=str(path)) from error
    rows = (line.split(" ", 1) for line in out.decode("utf-8", "replace").splitlines())
    return {name: commit for commit, name in rows if name != "HEAD"}


def unbundle(bundle_paths: list[Path], repo: Path, *, need: Iterable[str] = ()) -> None:
    """Rebuild a bare repository from one full bundle, or from a full one and incremental ones in their order.

    Args:
        bundle_paths: The bundles, oldest first.
        repo: Where the repository goes; absent or an empty folder.
        need: Refs that must be there in the end, besides `refs/heads/main`.

    Raises:
        UsageError: A bundle is damaged, lacks a needed ref, or builds on one that is missing. `repo` is removed then.
        MachineError: git is missing, or the disk is full.
    """
    check_place(repo)
    try:
        with speaking(repo):
            make_repository(repo)
        refs: dict[str, str] = {}
        for path in bundle_paths:
            refs |= {name: commit for name, commit in bundle_refs(path).items() if is_ours(name)}
            _take_in(path, repo)
        for name in (MAIN, *need):
            if name not in refs:
                places = ", ".join(str(path) for path in bundle_paths) or "(no bundle given)"
                raise UsageError(f"The bundle lacks the ref {name}.", where=places)
        write_packed_refs(repo, refs)
    except BaseException:
        shutil.rmtree(repo, ignore_errors=True)
        raise


def _take_in(path: Path, repo: Path) -> None:
    try:
        git(["bundle", "unbundle", str(path.resolve())], repo=repo)
    except GitFailed as error:
        if "prerequisite" in error.text:
            raise UsageError(
                "The bundle builds on an earlier bundle that is missing.",
                where=str(path),
                remedy="Give all bundles of the trajectory, oldest first.",
            ) from error
        raise UsageError(f"The bundle is damaged: {error.text.splitlines()[-1]}", where=str(path)) from error
