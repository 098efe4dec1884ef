"""Taking checkpoints: what a caller gets back and what git sees."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from loopwright.base import UsageError
from loopwright.checkpoint import Checkpoints, Policy, file_at
from loopwright.record import FileChange


def test_the_starting_files_are_part_0(
    checkpoints: Checkpoints, repo: Path, tree_by_git: Callable[[Path], str]
) -> None:
    made = checkpoints.initial
    assert made is not None
    assert made.commit_before is None
    assert made.commit_after == checkpoints.head
    assert made.tree == checkpoints.tree == tree_by_git(checkpoints.workspace)
    assert (repo / "refs/parts/0").read_text().strip() == made.commit_after
    assert checkpoints.watch_note == ""


def test_an_empty_workspace_has_a_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    with Checkpoints.create(tmp_path / "repo", tmp_path / "workspace") as checkpoints:
        assert checkpoints.tree == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
        (tmp_path / "workspace/first").write_text("")
        assert checkpoints.snapshot(1, "first") is not None


def test_nothing_changed_is_none(checkpoints: Checkpoints, workspace: Path) -> None:
    assert checkpoints.snapshot(1, "nothing") is None
    (workspace / "README").touch()
    (workspace / "tmp").write_text("x")
    (workspace / "tmp").unlink()
    (workspace / "empty").mkdir()
    assert checkpoints.snapshot(2, "still nothing") is None


def test_a_change_is_told_and_committed(checkpoints: Checkpoints, workspace: Path, repo: Path) -> None:
    before = checkpoints.head
    (workspace / "src/main.c").write_text("changed\n")
    (workspace / "src/new.c").write_text("new\n")
    (workspace / "README").unlink()
    made = checkpoints.snapshot(7, "write_file\nsecond line")
    assert made is not None
    assert made.commit_before == before
    assert made.commit_after == checkpoints.head
    assert made.changed_files == (
        FileChange("README", "deleted"),
        FileChange("src/main.c", "modified"),
        FileChange("src/new.c", "added"),
    )
    show = ["git", "log", "-1", "--format=%an <%ae>|%cn <%ce>|%P|%B", "refs/parts/7"]
    said = subprocess.run(show, cwd=repo, check=True, capture_output=True, text=True).stdout
    author, committer, parent, message = said.split("|")
    assert author == committer == "Loopwright <loopwright@localhost>"
    assert parent == before
    assert message.strip() == "write_file\nsecond line\n\nLoopwright-Part: 7"
    assert file_at(repo, made.commit_after, "src/new.c") == b"new\n"


def test_the_time_of_a_commit_is_real(checkpoints: Checkpoints, repo: Path) -> None:
    show = ["git", "log", "-1", "--format=%ct", "main"]
    said = subprocess.run(show, cwd=repo, check=True, capture_output=True, text=True).stdout
    assert abs(time.time() - int(said)) < 60


def test_a_part_may_have_several_snapshots(checkpoints: Checkpoints, workspace: Path, repo: Path) -> None:
    for text in ("one", "two"):
        (workspace / "README").write_text(text)
        checkpoints.snapshot(3, text)
    assert (repo / "refs/parts/3").read_text().strip() == checkpoints.head
    assert (repo / "refs/heads/main").read_text().strip() == checkpoints.head


def test_odd_messages_are_kept_harmless(checkpoints: Checkpoints, workspace: Path, repo: Path) -> None:
    (workspace / "README").write_text("x")
    checkpoints.snapshot(1, "a\0b \udcff\n\nLoopwright-Part: 99")
    (workspace / "README").write_text("y")
    checkpoints.snapshot(2, "")
    subprocess.run(["git", "fsck", "--strict"], cwd=repo, check=True, capture_output=True)
    with Checkpoints.open(repo, workspace, head=checkpoints.head):
        listed = subprocess.run(["git", "for-each-ref", "--format=%(refname)"], cwd=repo, stdout=-1, check=True)
    assert listed.stdout.split() == [b"refs/heads/main", b"refs/parts/0", b"refs/parts/1", b"refs/parts/2"]


def test_a_durable_snapshot_is_the_same(checkpoints: Checkpoints, workspace: Path, repo: Path) -> None:
    (workspace / "README").write_text("durable")
    made = checkpoints.snapshot(1, "fsync", durable=True)
    assert made is not None
    assert file_at(repo, made.commit_after, "README") == b"durable"


def test_many_new_files_become_one_pack(checkpoints: Checkpoints, workspace: Path, repo: Path) -> None:
    for number in range(700):
        (workspace / f"file{number}").write_text(str(number))
    made = checkpoints.snapshot(1, "many", durable=True)
    assert made is not None
    assert len(made.changed_files) == 700
    assert len(list((repo / "objects/pack").glob("*.pack"))) == 1
    subprocess.run(["git", "fsck", "--strict", "--full"], cwd=repo, check=True, capture_output=True)
    assert list((repo / "scratch").iterdir()) == []


@pytest.mark.parametrize("watch", ["auto", "scan"])
def test_a_quick_rewrite_of_the_same_size_is_seen(tmp_path: Path, watch: str) -> None:
    """Within one tick of the file system's clock neither size nor times differ."""
    root = tmp_path / "workspace"
    root.mkdir()
    file = root / "file"
    file.write_text("0000")
    with Checkpoints.create(tmp_path / "repo", root, policy=Policy(watch=watch)) as checkpoints:  # type: ignore[arg-type]
        for part in range(1, 100):
            file.write_text(f"{part:04}")
            made = checkpoints.snapshot(part, "quick")
            assert made is not None
            assert file_at(tmp_path / "repo", made.commit_after, "file") == f"{part:04}".encode()


def test_a_full_scan_sees_writes_through_a_memory_map(checkpoints: Checkpoints, workspace: Path, repo: Path) -> None:
    file = workspace / "mapped"
    file.write_bytes(b"a" * 4096)
    with file.open("r+b") as handle, mmap.mmap(handle.fileno(), 0) as view:
        view[0:1] = b"b"
        checkpoints.snapshot(1, "mapped")
        time.sleep(0.1)
        view[1:2] = b"c"
        checkpoints.full_scan()
        made = checkpoints.snapshot(2, "turn end")
    assert made is not None
    assert file_at(repo, made.commit_after, "mapped")[:3] == b"bca"


def test_the_workspace_folder_itself_may_be_replaced(checkpoints: Checkpoints, workspace: Path, repo: Path) -> None:
    workspace.rename(workspace.with_name("moved"))
    gone = checkpoints.snapshot(1, "gone")
    assert gone is not None
    assert {change.status for change in gone.changed_files} == {"deleted"}
    workspace.mkdir()
    (workspace / "fresh").write_text("fresh")
    made = checkpoints.snapshot(2, "back")
    assert made is not None
    assert [change.path for change in made.changed_files] == ["fresh"]
    (workspace / "fresh").write_text("watched again")
    assert checkpoints.snapshot(3, "watched") is not None


def test_the_repository_must_be_elsewhere(tmp_path: Path, workspace: Path) -> None:
    with pytest.raises(UsageError, match="must not contain one another"):
        Checkpoints.create(workspace / ".repo", workspace)
    with pytest.raises(UsageError, match="must not contain one another"):
        Checkpoints.create(tmp_path, workspace)
    with pytest.raises(UsageError, match="not a folder"):
        Checkpoints.create(tmp_path / "repo", tmp_path / "nowhere")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/file").write_text("")
    with pytest.raises(UsageError, match="something is already"):
        Checkpoints.create(tmp_path / "taken", workspace)


def test_the_repository_has_no_hooks_and_no_gc(checkpoints: Checkpoints, repo: Path) -> None:
    assert not (repo / "hooks").exists()
    read = ["git", "config", "--file", str(repo / "config"), "gc.auto"]
    assert subprocess.run(read, check=True, capture_output=True, text=True).stdout.strip() == "0"


def test_closing_twice_is_harmless_and_gives_descriptors_back(tmp_path: Path, workspace: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for number in range(5):
        with Checkpoints.create(tmp_path / f"repo{number}", workspace) as checkpoints:
            checkpoints.snapshot(1, "x")
            checkpoints.close()
    assert len(os.listdir("/proc/self/fd")) <= before + 1  # noqa: PTH208


def test_importing_the_package_is_cheap() -> None:
    program = "import sys, loopwright.checkpoint; sys.exit('pygit2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
