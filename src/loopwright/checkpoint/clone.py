"""Give a person an ordinary git repository that stands at one checkpoint."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from loopwright.base import UsageError
from loopwright.checkpoint._failures import speaking
from loopwright.checkpoint._git import GitFailed, git
from loopwright.checkpoint._reader import Reader
from loopwright.checkpoint._refs import MAIN, PARTS, is_ours, write_packed_refs
from loopwright.checkpoint.bundles import bundle_refs

__all__ = ["clone_at"]

# An agent's .gitattributes could rewrite line ends or encodings: the files are to be what they were, byte for byte.
_ATTRIBUTES = "* -text -ident -filter -working-tree-encoding\n"

_PLACE = "folder"


def clone_at(repo_or_bundle: Path, commit: str, dest: Path) -> None:
    """Clone all checkpoints into `dest` and check `commit` out there, detached; part n is the tag `parts/<n>`.

    Args:
        repo_or_bundle: A checkpoint repository, or a full bundle of one.
        commit: A commit id.
        dest: An empty folder, or one that does not exist yet.

    Raises:
        UsageError: `dest` is not empty, the source lacks a ref, or it has no such commit. `dest` is empty then.
        MachineError: git is missing, or the disk is full.
    """
    with speaking(dest, _PLACE):
        taken = dest.exists() and (not dest.is_dir() or any(dest.iterdir()))
    if taken:
        raise UsageError("The folder to check out into is not empty.", where=str(dest), remedy="Name a new one.")
    refs = _refs_of(repo_or_bundle)
    if MAIN not in refs:
        raise UsageError(f"The bundle lacks the ref {MAIN}.", where=str(repo_or_bundle))
    existed = dest.exists()
    with speaking(dest, _PLACE):
        dest.mkdir(parents=True, exist_ok=True)
        Path(tempfile.mkdtemp(dir=dest)).rmdir()  # git would say it less well
    try:
        _fill(repo_or_bundle.resolve(), refs, commit, dest)
    except BaseException:
        shutil.rmtree(dest, ignore_errors=True)
        if existed:
            dest.mkdir(exist_ok=True)
        raise


def _refs_of(source: Path) -> dict[str, str]:
    if source.is_file():
        return bundle_refs(source)
    return Reader(source).refs()


def _fill(source: Path, refs: dict[str, str], commit: str, dest: Path) -> None:
    try:
        git(["init", "--quiet", "--template=", "."], repo=dest)
        with speaking(dest, _PLACE):
            (dest / ".git/info").mkdir()
            (dest / ".git/info/attributes").write_text(_ATTRIBUTES)
        git(["fetch", "--quiet", "--no-tags", str(source), f"+{MAIN}:refs/remotes/origin/main"], repo=dest)
        tags = {f"refs/tags/parts/{name.removeprefix(PARTS)}": refs[name] for name in refs if _is_part(name)}
        write_packed_refs(dest / ".git", tags)
        _check_out(commit, source, dest)
    except GitFailed as error:
        raise UsageError(f"The checkpoints cannot be cloned: {error.text}", where=str(source)) from error


def _is_part(name: str) -> bool:
    return is_ours(name) and name != MAIN


def _check_out(commit: str, source: Path, dest: Path) -> None:
    try:
        full = git(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}"], repo=dest)
    except GitFailed as error:
        raise UsageError(f"There is no checkpoint {commit!r}.", where=str(source)) from error
    git(["checkout", "--quiet", "--detach", full.decode().strip()], repo=dest)
