"""Making a workspace equal to a checkpoint again."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from loopwright.base import UsageError
from loopwright.checkpoint import Checkpoints, Policy

Judge = Callable[[Path], str]


def wreck(workspace: Path) -> None:
    (workspace / "README").unlink()
    (workspace / "README").mkdir()
    (workspace / "README/inner").write_text("x")
    shutil.rmtree(workspace / "src")
    (workspace / "src").symlink_to("/etc")
    (workspace / "build.sh").chmod(0o644)
    (workspace / "junk/deep").mkdir(parents=True)
    (workspace / "junk/deep/file").write_text("junk")
    os.mkfifo(workspace / "junk/pipe")


@pytest.mark.parametrize("watch", ["auto", "scan"])
@pytest.mark.parametrize("told", [True, False])
def test_everything_is_as_it_was(tmp_path: Path, workspace: Path, tree_by_git: Judge, watch: str, told: bool) -> None:
    policy = Policy(watch=watch)  # type: ignore[arg-type]
    with Checkpoints.create(tmp_path / "repo", workspace, policy=policy) as checkpoints:
        start = checkpoints.head
        wreck(workspace)
        if told:
            checkpoints.snapshot(1, "wrecked")
        head = checkpoints.head
        restored = checkpoints.restore(start)
        assert restored.written == 3
        assert restored.missing == ()
        assert checkpoints.head == head
        assert sorted(path.name for path in workspace.iterdir()) == ["README", "build.sh", "src"]
        assert tree_by_git(workspace) == checkpoints.initial.tree  # type: ignore[union-attr]
        assert os.access(workspace / "build.sh", os.X_OK)
        again = checkpoints.restore(start)
        assert (again.written, again.removed) == (0, 0)


def test_only_what_differs_is_touched(checkpoints: Checkpoints, workspace: Path) -> None:
    start = checkpoints.head
    untouched = (workspace / "src/main.c").stat()
    (workspace / "README").write_text("x")
    restored = checkpoints.restore(start)
    assert (restored.written, restored.removed) == (1, 0)
    assert (workspace / "src/main.c").stat() == untouched


def test_going_on_after_a_restore(checkpoints: Checkpoints, workspace: Path, tree_by_git: Judge) -> None:
    start = checkpoints.head
    (workspace / "README").write_text("a dead end")
    end = checkpoints.snapshot(1, "dead end")
    assert end is not None
    checkpoints.restore(start)
    back = checkpoints.snapshot(2, "went back")
    assert back is not None
    assert back.commit_before == end.commit_after
    assert back.tree == tree_by_git(workspace)
    assert checkpoints.snapshot(3, "nothing more") is None


def test_ignored_and_empty_folders_are_left_alone(
    checkpoints: Checkpoints, workspace: Path, real_git: Callable[..., str]
) -> None:
    start = checkpoints.head
    real_git("init", "-q", cwd=workspace)
    (workspace / "empty").mkdir()
    (workspace / "new/__pycache__").mkdir(parents=True)
    (workspace / "new/__pycache__/x.pyc").write_text("x")
    (workspace / "new/source.py").write_text("x")
    checkpoints.restore(start)
    assert (workspace / ".git/HEAD").is_file()
    assert (workspace / "empty").is_dir()
    assert (workspace / "new/__pycache__/x.pyc").is_file()
    assert not (workspace / "new/source.py").exists()


def test_an_ignored_folder_in_the_way_of_a_file_is_removed(checkpoints: Checkpoints, workspace: Path) -> None:
    start = checkpoints.head
    (workspace / "README").unlink()
    (workspace / "README/__pycache__").mkdir(parents=True)
    (workspace / "README/__pycache__/x").write_text("x")
    checkpoints.restore(start)
    assert (workspace / "README").read_text() == "read me\n"


def test_a_folder_that_was_tagged_as_a_cache_comes_back(
    checkpoints: Checkpoints, workspace: Path, tree_by_git: Judge
) -> None:
    start, tree = checkpoints.head, checkpoints.tree
    (workspace / "src/CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55")
    (workspace / "src/other.c").write_text("x")
    assert checkpoints.snapshot(1, "tagged") is not None
    checkpoints.restore(start)
    assert tree_by_git(workspace) == tree


def test_large_files_are_named_and_kept_where_they_can_be(tmp_path: Path, workspace: Path) -> None:
    with Checkpoints.create(tmp_path / "repo", workspace, policy=Policy(max_file_bytes=10**4)) as checkpoints:
        start = checkpoints.head
        (workspace / "data").write_bytes(b"1" * 10**5)
        large = checkpoints.snapshot(1, "large")
        assert large is not None
        assert checkpoints.restore(large.commit_after).missing == ()
        assert (workspace / "data").is_file()
        (workspace / "data").write_bytes(b"2" * 10**5)
        other = checkpoints.restore(large.commit_after)
        assert [(file.path, file.size) for file in other.missing] == [("data", 10**5)]
        (workspace / "data").write_bytes(b"3" * 10**5)
        assert checkpoints.restore(start).missing == ()
        assert not (workspace / "data").exists()
        assert [file.path for file in checkpoints.restore(large.commit_after).missing] == ["data"]


def test_links_to_outside_are_replaced_and_not_followed(
    checkpoints: Checkpoints, workspace: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "main.c").write_text("precious")
    start = checkpoints.head
    shutil.rmtree(workspace / "src")
    (workspace / "src").symlink_to(outside)
    (workspace / "README").unlink()
    (workspace / "README").symlink_to(outside / "main.c")
    (workspace / "more").symlink_to(outside)
    checkpoints.restore(start)
    assert [path.name for path in outside.iterdir()] == ["main.c"]
    assert (outside / "main.c").read_text() == "precious"
    assert not (workspace / "src").is_symlink()
    assert not (workspace / "more").is_symlink()


def test_a_swap_during_a_restore_leads_nowhere(checkpoints: Checkpoints, workspace: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "main.c").write_text("precious")
    start = checkpoints.head
    for number in range(20):
        (workspace / f"src/file{number}").write_text("x")
    full = checkpoints.snapshot(1, "full")
    assert full is not None
    (workspace / "link").symlink_to(outside)
    stop = threading.Event()

    def attack() -> None:
        while not stop.is_set():
            with suppress(OSError):
                (workspace / "src").rename(workspace / "aside")
                (workspace / "link").rename(workspace / "src")
                (workspace / "src").rename(workspace / "link")
                (workspace / "aside").rename(workspace / "src")

    attacker = threading.Thread(target=attack)
    attacker.start()
    try:
        for _ in range(60):
            for commit in (start, full.commit_after):
                # What it makes of a workspace that changes under it does not matter; that it stays inside does.
                with suppress(Exception):
                    checkpoints.restore(commit)
    finally:
        stop.set()
        attacker.join()
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("main.c", "precious")]


def test_snapshots_are_whole_after_a_restore_under_fire(
    checkpoints: Checkpoints, workspace: Path, repo: Path, tree_by_git: Judge, real_git: Callable[..., str]
) -> None:
    """A restore that races with a writer must not leave objects behind that a later commit names but nobody has."""
    start = checkpoints.head
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with suppress(OSError):
                (workspace / f"noise{number % 3}").write_text(str(number))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for part in range(1, 30):
            checkpoints.restore(start)
            checkpoints.snapshot(part, "noise")
    finally:
        stop.set()
        writer.join()
    checkpoints.snapshot(30, "quiet")
    assert checkpoints.tree == tree_by_git(workspace)
    real_git("fsck", "--strict", "--connectivity-only", cwd=repo)


def test_an_unknown_commit_is_refused(checkpoints: Checkpoints) -> None:
    for commit in ("0" * 40, "main", "", "zz", checkpoints.tree):
        with pytest.raises(UsageError, match="no checkpoint"):
            checkpoints.restore(commit)
