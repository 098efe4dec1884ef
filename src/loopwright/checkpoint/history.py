"""Read checkpoints: trees, files, differences."""

from __future__ import annotations

import os
from pathlib import Path

from loopwright.base import UsageError, nearest
from loopwright.checkpoint._compare import compare_trees
from loopwright.checkpoint._git import git
from loopwright.checkpoint._paths import shown
from loopwright.checkpoint._reader import Reader
from loopwright.checkpoint._trees import FOLDER_MODE, Entry, decode_tree
from loopwright.record import FileChange

__all__ = ["changed_between", "diff", "file_at", "patch", "tree_of"]


def tree_of(repo: Path, commit: str) -> str:
    """The tree id of a commit, 40 hex digits.

    Raises:
        UsageError: There is no such repository or commit.
    """
    return Reader(repo).commit(commit).tree.hex()


def file_at(repo: Path, commit: str, path: str) -> bytes:
    """The content of a file at a commit; of a symbolic link, its target.

    Args:
        repo: The repository.
        commit: A commit id.
        path: Relative, with forward slashes, as `FileChange.path` gives it.

    Raises:
        UsageError: There is no such file.
    """
    reader = Reader(repo)
    found = Entry(FOLDER_MODE, b"", reader.commit(commit).tree)
    for name in path.split("/"):
        found = _inside(reader, found, name, path)
    if found.mode == FOLDER_MODE:
        raise UsageError(f"{path!r} is a folder at {commit[:12]}.", remedy="Name a file inside it.")
    return reader.read(found.oid)


def _inside(reader: Reader, folder: Entry, name: str, path: str) -> Entry:
    entries = decode_tree(reader.read(folder.oid)) if folder.mode == FOLDER_MODE else []
    for entry in entries:
        if entry.name == os.fsencode(name) or shown(entry.name) == name:
            return entry
    guess = nearest(name, [shown(entry.name) for entry in entries])
    raise UsageError(
        f"There is no file {path!r} in the checkpoint.", remedy=f"Did you mean {guess!r}?" if guess else None
    )


def changed_between(repo: Path, commit_a: str, commit_b: str) -> tuple[FileChange, ...]:
    """The files that differ between two commits, ordered by path. A rename is a deletion and an addition.

    Raises:
        UsageError: There is no such repository or commit.
    """
    reader = Reader(repo)
    return compare_trees(reader.read, reader.commit(commit_a).tree, reader.commit(commit_b).tree)


def diff(repo: Path, commit_a: str, commit_b: str, *, stat: bool = False) -> str:
    """The difference between two commits in git's unified format, renames detected; or its statistics.

    Raises:
        UsageError: There is no such repository or commit.
    """
    reader = Reader(repo)
    ids = [reader.commit(commit).id for commit in (commit_a, commit_b)]
    form = ["--stat=200", "--summary"] if stat else ["--patch"]
    out = git(["diff", "--no-color", "--no-ext-diff", "--no-textconv", "-M", *form, *ids], repo=repo)
    return out.decode("utf-8", "replace")


def patch(repo: Path, commit_a: str, commit_b: str) -> bytes:
    """The difference between two commits as `git apply` reads it: no renames, binary files in full.

    Raises:
        UsageError: There is no such repository or commit.
    """
    reader = Reader(repo)
    ids = [reader.commit(commit).id for commit in (commit_a, commit_b)]
    form = ["--patch", "--binary", "--full-index", "--no-renames"]
    return git(["diff", "--no-color", "--no-ext-diff", "--no-textconv", *form, *ids], repo=repo)
