"""The private repository's own files: made by hand, so that no template, hook or global setting gets into it."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from loopwright.base import UsageError
from loopwright.checkpoint._reader import sound

__all__ = ["check_place", "clear_leftovers", "make_repository", "objects_of"]

_LOOSE = re.compile(r"[0-9a-f]{2}/[0-9a-f]{38}")
_WRITEBACK_S = 120
_CONFIG = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tlogAllRefUpdates = false
\thooksPath = /dev/null
[gc]
\tauto = 0
[maintenance]
\tauto = false
"""


def make_repository(repo: Path, *, alternates: Path | None = None) -> None:
    """Make an empty bare repository with the branch `main`.

    Args:
        repo: A folder that does not exist or is empty.
        alternates: A repository (or its objects folder) whose objects are read instead of stored again.

    Raises:
        UsageError: `repo` is not empty, or `alternates` is no repository.
    """
    check_place(repo)
    borrowed = objects_of(alternates) if alternates else None
    for folder in ("objects/info", "objects/pack", "refs/heads", "refs/parts", "scratch"):
        (repo / folder).mkdir(parents=True)
    (repo / "HEAD").write_text("ref: refs/heads/main\n")
    (repo / "config").write_text(_CONFIG)
    if borrowed:
        (repo / "objects/info/alternates").write_bytes(os.fsencode(borrowed) + b"\n")


def check_place(repo: Path) -> None:
    """Make sure that a repository can be made there.

    Raises:
        UsageError: Something is there already.
    """
    if repo.exists() and (not repo.is_dir() or any(repo.iterdir())):
        raise UsageError("The checkpoint repository is to be made where something is already.", where=str(repo))


def objects_of(source: Path) -> Path:
    """The objects folder of a repository given as its checkout, its git folder, or that folder itself.

    Raises:
        UsageError: There is none, or its path cannot be written into an alternates file.
    """
    source = source.resolve()
    for candidate in (source / ".git" / "objects", source / "objects", _linked(source / ".git"), source):
        if candidate and candidate.is_dir() and (candidate / "pack").is_dir():
            if b"\n" in os.fsencode(candidate) or candidate.name.startswith(("#", '"')):
                raise UsageError("A path with a line break cannot lend objects.", where=repr(str(candidate)))
            return candidate
    raise UsageError("There is no git repository to share objects with.", where=str(source))


def _linked(pointer: Path) -> Path | None:
    """The objects of a linked worktree or a submodule, whose `.git` is a file that names the real place."""
    if not pointer.is_file():
        return None
    real = pointer.parent / pointer.read_text(errors="replace").removeprefix("gitdir:").strip()
    common = real / "commondir"
    return (real / common.read_text().strip() if common.is_file() else real).resolve() / "objects"


def clear_leftovers(repo: Path) -> None:
    """Remove what a killed writer left: scratch files and locks. Only the single writer of `repo` may call this."""
    shutil.rmtree(repo / "scratch", ignore_errors=True)
    (repo / "scratch").mkdir(exist_ok=True)
    for lock in [*repo.glob("*.lock"), *(repo / "refs").rglob("*.lock")]:
        lock.unlink(missing_ok=True)
    for stray in [*(repo / "objects/pack").glob("tmp_*"), *(repo / "objects/pack").glob(".tmp-*")]:
        stray.unlink(missing_ok=True)
    _clear_damaged(repo / "objects")


def _clear_damaged(objects: Path) -> None:
    """Remove loose objects that a power cut has hollowed out: what looks present would never be written again.

    The kernel writes everything back within a minute, so that only the last ones can be concerned.
    """
    files = {file: file.stat().st_mtime for file in objects.glob("??/*") if _LOOSE.fullmatch(str(file)[-41:])}
    since = max(files.values(), default=0.0) - _WRITEBACK_S
    for file, written in files.items():
        if written >= since and not sound(file.read_bytes(), bytes.fromhex(file.parent.name + file.name)):
            file.unlink()
