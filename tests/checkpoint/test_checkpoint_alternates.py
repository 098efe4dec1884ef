"""Sharing objects with the user's repository without changing a byte of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from loopwright.base import UsageError
from loopwright.checkpoint import Checkpoints, bundle, clone_at, diff, export_tree, file_at, unbundle

RealGit = Callable[..., str]


def fingerprint(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything about every entry except when it was last read."""
    found: dict[str, tuple[object, ...]] = {}
    for path in [folder, *folder.rglob("*")]:
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path)] = (
            status.st_mode,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
            status.st_ino,
            content,
        )
    return found


@pytest.fixture
def user(tmp_path: Path, real_git: RealGit) -> Path:
    """A user's repository, half packed, with a hook, and with work that is not committed."""
    root = tmp_path / "user"
    (root / "src").mkdir(parents=True)
    real_git("init", "-q", cwd=root)
    for number in range(30):
        (root / f"src/file{number}").write_text(f"content {number}\n" * 100)
    real_git("add", "-A", cwd=root)
    real_git("commit", "-q", "-m", "first", cwd=root)
    real_git("repack", "-q", "-a", "-d", cwd=root)
    (root / "README").write_text("second")
    real_git("add", "-A", cwd=root)
    real_git("commit", "-q", "-m", "second", cwd=root)
    (root / "README").write_text("staged")
    real_git("add", "-A", cwd=root)
    (root / "README").write_text("not staged")
    hook = root / ".git/hooks/post-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    return root


def copy_of(user: Path, workspace: Path, real_git: RealGit) -> Path:
    # Without --no-hardlinks the agent's own git would change the times of pack files that the two share.
    real_git("clone", "-q", "--no-hardlinks", str(user), str(workspace), cwd=user.parent)
    return workspace


@pytest.mark.parametrize("lent", ["", ".git", ".git/objects"])
def test_the_users_repository_stays_as_it_is(user: Path, tmp_path: Path, real_git: RealGit, lent: str) -> None:
    workspace = copy_of(user, tmp_path / "work", real_git)
    before = fingerprint(user)
    repo = tmp_path / "repo.git"
    with Checkpoints.create(repo, workspace, alternates=user / lent) as checkpoints:
        start = checkpoints.head
        own = list((repo / "objects").glob("??/*")) + list((repo / "objects/pack").iterdir())
        (workspace / "src/file3").write_text("changed")
        real_git("add", "-A", cwd=workspace)
        real_git("commit", "-q", "-m", "by the agent", cwd=workspace)
        made = checkpoints.snapshot(1, "changed")
        assert made is not None
        checkpoints.restore(start)
        checkpoints.snapshot(2, "back")
        bundle(repo, tmp_path / "b")
        diff(repo, start, made.commit_after)
    with Checkpoints.open(repo, workspace, head=made.commit_after) as checkpoints:
        checkpoints.restore(made.commit_after)
    export_tree(repo, made.commit_after, tmp_path / "out")
    clone_at(repo, made.commit_after, tmp_path / "clone")
    assert fingerprint(user) == before
    assert len(own) <= 3


def test_a_bundle_needs_nothing_of_the_user(user: Path, tmp_path: Path, real_git: RealGit) -> None:
    workspace = copy_of(user, tmp_path / "work", real_git)
    with Checkpoints.create(tmp_path / "repo.git", workspace, alternates=user) as checkpoints:
        bundle(tmp_path / "repo.git", tmp_path / "b")
        clone_at(tmp_path / "repo.git", checkpoints.head, tmp_path / "clone")
    user.rename(tmp_path / "gone")
    unbundle([tmp_path / "b"], tmp_path / "again")
    assert file_at(tmp_path / "again", checkpoints.head, "src/file7") == b"content 7\n" * 100
    real_git("fsck", "--full", cwd=tmp_path / "clone")


def test_a_linked_worktree_and_a_submodule_can_lend(user: Path, tmp_path: Path, real_git: RealGit) -> None:
    workspace = copy_of(user, tmp_path / "work", real_git)
    real_git("worktree", "add", "-q", str(tmp_path / "linked"), cwd=user)
    real_git("init", "-q", "outer", cwd=tmp_path)
    real_git("-c", "protocol.file.allow=always", "submodule", "-q", "add", str(user), "inner", cwd=tmp_path / "outer")
    for number, lender in enumerate((tmp_path / "linked", tmp_path / "outer/inner")):
        repo = tmp_path / f"repo{number}.git"
        with Checkpoints.create(repo, workspace, alternates=lender):
            borrowed = Path((repo / "objects/info/alternates").read_text().strip())
        assert (borrowed / "pack").is_dir()
        assert len(list((repo / "objects").glob("??/*"))) <= 3


def test_what_is_no_repository_cannot_lend(workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no git repository"):
        Checkpoints.create(tmp_path / "repo", workspace, alternates=tmp_path)
    odd = tmp_path / "line\nbreak"
    os.makedirs(odd / "objects/pack")  # noqa: PTH103
    with pytest.raises(UsageError, match="line break"):
        Checkpoints.create(tmp_path / "repo", workspace, alternates=odd)
    assert not (tmp_path / "repo").exists()
