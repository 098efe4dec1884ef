"""The kernel's list of changes, and what happens where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from loopwright.checkpoint import Checkpoints, Policy

Judge = Callable[[Path], str]


def test_folders_that_appear_are_watched(checkpoints: Checkpoints, workspace: Path, tree_by_git: Judge) -> None:
    (workspace / "a/b/c").mkdir(parents=True)
    assert checkpoints.snapshot(1, "empty folders") is None
    for part, path in enumerate(("a/one", "a/b/two", "a/b/c/three", "a/b/c/three"), 2):
        (workspace / path).write_text(str(part))
        assert checkpoints.snapshot(part, path) is not None
    assert checkpoints.tree == tree_by_git(workspace)


def test_renamed_folders_stay_watched(checkpoints: Checkpoints, workspace: Path, tree_by_git: Judge) -> None:
    (workspace / "src/deep").mkdir()
    (workspace / "src/deep/file").write_text("x")
    checkpoints.snapshot(1, "start")
    (workspace / "src").rename(workspace / "lib")
    (workspace / "lib/deep/file").write_text("changed in the same part")
    checkpoints.snapshot(2, "renamed")
    assert checkpoints.tree == tree_by_git(workspace)
    (workspace / "lib/deep/file").write_text("changed in the next part")
    made = checkpoints.snapshot(3, "after")
    assert made is not None
    assert [change.path for change in made.changed_files] == ["lib/deep/file"]


def test_swapped_folders_stay_watched(checkpoints: Checkpoints, workspace: Path, tree_by_git: Judge) -> None:
    for name in "ab":
        (workspace / name / "inner").mkdir(parents=True)
        (workspace / name / "inner/file").write_text(name)
    checkpoints.snapshot(1, "start")
    for part in range(2, 8):
        (workspace / "a").rename(workspace / "t")
        (workspace / "b").rename(workspace / "a")
        (workspace / "t").rename(workspace / "b")
        checkpoints.snapshot(part, "swapped")
        assert checkpoints.tree == tree_by_git(workspace)
        (workspace / "a/inner/file").write_text(f"a{part}")
        (workspace / "b/inner/new").write_text(f"b{part}")
        checkpoints.snapshot(part, "written")
        assert checkpoints.tree == tree_by_git(workspace)


def test_a_folder_moved_out_and_back(checkpoints: Checkpoints, workspace: Path, tmp_path: Path) -> None:
    (workspace / "src").rename(tmp_path / "out")
    assert checkpoints.snapshot(1, "out") is not None
    (tmp_path / "out/main.c").write_text("changed outside")
    assert checkpoints.snapshot(2, "not ours") is None
    (tmp_path / "out").rename(workspace / "src")
    made = checkpoints.snapshot(3, "back")
    assert made is not None
    assert [change.path for change in made.changed_files] == ["src/main.c"]


def test_a_folder_deleted_and_made_again(checkpoints: Checkpoints, workspace: Path) -> None:
    shutil.rmtree(workspace / "src")
    (workspace / "src").mkdir()
    assert checkpoints.snapshot(1, "empty") is not None
    (workspace / "src/other.c").write_text("x")
    made = checkpoints.snapshot(2, "again")
    assert made is not None
    assert [change.path for change in made.changed_files] == ["src/other.c"]


def test_a_write_through_another_hard_link(checkpoints: Checkpoints, workspace: Path, tree_by_git: Judge) -> None:
    (workspace / "far/away").mkdir(parents=True)
    os.link(workspace / "README", workspace / "far/away/same")
    checkpoints.snapshot(1, "linked")
    (workspace / "far/away/same").write_text("through the other name")
    made = checkpoints.snapshot(2, "written")
    assert made is not None
    assert [change.path for change in made.changed_files] == ["README", "far/away/same"]
    (workspace / "README").write_text("and back")
    (workspace / "README").unlink()
    checkpoints.snapshot(3, "unlinked")
    assert checkpoints.tree == tree_by_git(workspace)


def test_a_file_that_stays_open_is_seen_at_each_write(checkpoints: Checkpoints, workspace: Path) -> None:
    with (workspace / "log").open("w") as log:
        for part in range(1, 5):
            log.write(f"line {part}\n")
            log.flush()
            assert checkpoints.snapshot(part, "log") is not None


def test_an_overflow_of_the_queue_loses_nothing(checkpoints: Checkpoints, workspace: Path, tree_by_git: Judge) -> None:
    (workspace / "src/new").mkdir()
    (workspace / "src/new/file").write_text("before the flood")
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    for _ in range(limit // 2 + 100):
        os.utime(workspace / "README")
        os.utime(workspace / "build.sh")
    (workspace / "src/new/late").write_text("after the flood")
    (workspace / "README").write_text("after the flood")
    assert checkpoints.snapshot(1, "flood") is not None
    assert checkpoints.tree == tree_by_git(workspace)
    assert checkpoints.watch_note == ""
    (workspace / "src/new/late").write_text("watched")
    assert checkpoints.snapshot(2, "after") is not None


def test_without_a_watcher_every_file_is_compared(tmp_path: Path, workspace: Path, tree_by_git: Judge) -> None:
    with Checkpoints.create(tmp_path / "repo", workspace, policy=Policy(watch="scan")) as checkpoints:
        assert "switched off" in checkpoints.watch_note
        (workspace / "src/main.c").write_text("x")
        (workspace / "deep/er").mkdir(parents=True)
        (workspace / "deep/er/f").write_text("x")
        assert checkpoints.snapshot(1, "scan") is not None
        assert checkpoints.tree == tree_by_git(workspace)
        assert checkpoints.snapshot(2, "none") is None


_IN_A_SMALL_MACHINE = """
import sys
from pathlib import Path
name, number = sys.argv[3:]
Path("/proc/sys/user", name).write_text(number)
from loopwright.checkpoint import Checkpoints
workspace = Path(sys.argv[2])
with Checkpoints.create(Path(sys.argv[1]), workspace) as checkpoints:
    print(checkpoints.watch_note)
    for part in range(1, 4):
        (workspace / f"d{part}" / "e").mkdir(parents=True)
        (workspace / f"d{part}" / "e" / "f").write_text("x")
        assert checkpoints.snapshot(part, "x") is not None
        (workspace / "src" / "main.c").write_text(str(part))
        assert checkpoints.snapshot(part, "x") is not None
    print(checkpoints.watch_note)
"""


def in_a_small_machine(tmp_path: Path, workspace: Path, name: str, number: str) -> list[str]:
    """Run a few snapshots in a user namespace of its own, whose limits can be set without hurting anybody."""
    words = ["unshare", "--user", "--map-root-user", sys.executable, "-c", _IN_A_SMALL_MACHINE]
    words += [str(tmp_path / "repo"), str(workspace), name, number]
    return subprocess.run(words, check=True, stdout=-1, text=True).stdout.splitlines()


def test_at_the_limit_of_watches_every_file_is_compared(tmp_path: Path, workspace: Path) -> None:
    before, after = in_a_small_machine(tmp_path, workspace, "max_inotify_watches", "5")
    assert before == ""
    assert "max_user_watches" in after


def test_without_any_inotify_instance_every_file_is_compared(tmp_path: Path, workspace: Path) -> None:
    before, after = in_a_small_machine(tmp_path, workspace, "max_inotify_instances", "0")
    assert before == after
    assert "every file is compared" in after
