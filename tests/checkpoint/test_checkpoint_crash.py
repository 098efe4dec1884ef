"""Whatever ends a writer, the repository opens again at the last acknowledged checkpoint and goes on."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from loopwright.base import MachineError, UsageError
from loopwright.checkpoint import Checkpoints, Policy, export_tree, file_at

Judge = Callable[[Path], str]


def fsck(repo: Path) -> None:
    subprocess.run(["git", "fsck", "--strict", "--full"], cwd=repo, check=True, capture_output=True)


def refs_of(repo: Path) -> dict[str, str]:
    form = "--format=%(refname) %(objectname)"
    listed = subprocess.run(["git", "for-each-ref", form], cwd=repo, check=True, stdout=-1, text=True).stdout
    return dict(line.split() for line in listed.splitlines())


def test_unacknowledged_refs_go_and_moved_ones_go_back(checkpoints: Checkpoints, workspace: Path, repo: Path) -> None:
    heads = [checkpoints.head]
    for part, text in ((1, "one"), (2, "two"), (2, "two again"), (3, "three")):
        (workspace / "README").write_text(text)
        checkpoints.snapshot(part, text)
        heads.append(checkpoints.head)
    with Checkpoints.open(repo, workspace, head=heads[2]) as again:
        assert again.head == heads[2]
        assert refs_of(repo) == {
            "refs/heads/main": heads[2],
            "refs/parts/0": heads[0],
            "refs/parts/1": heads[1],
            "refs/parts/2": heads[2],
        }
        made = again.snapshot(3, "once more")
        assert made is not None
        assert made.commit_before == heads[2]
    assert refs_of(repo)["refs/parts/3"] == made.commit_after


def test_leftovers_of_a_killed_writer_are_cleared(checkpoints: Checkpoints, workspace: Path, repo: Path) -> None:
    for lock in ("HEAD.lock", "packed-refs.lock", "config.lock", "refs/heads/main.lock", "refs/parts/7.lock"):
        (repo / lock).write_text("")
    (repo / "scratch/pack-abc").write_text("half a pack")
    (repo / "objects/pack/tmp_pack_x").write_text("half a pack")
    (repo / "refs/parts/8").write_text("")
    (repo / "refs/parts/9").write_text("0" * 39)
    (repo / "objects/ab").mkdir(exist_ok=True)
    (repo / "objects/ab/tmp_obj_x").write_text("not an object")
    hollow = repo / "objects/ab" / ("c" * 38)
    hollow.write_bytes(b"")
    with Checkpoints.open(repo, workspace, head=checkpoints.head):
        assert set(refs_of(repo)) == {"refs/heads/main", "refs/parts/0"}
    assert list(repo.rglob("*.lock")) == []
    assert list((repo / "scratch").iterdir()) == []
    assert list((repo / "objects/pack").glob("tmp*")) == []
    fsck(repo)


@pytest.mark.parametrize("left", [0, 5, 15])
def test_an_object_that_a_power_cut_damaged_is_written_again(
    checkpoints: Checkpoints, workspace: Path, repo: Path, left: int
) -> None:
    head = checkpoints.head
    content = b"lost in the power cut"
    (workspace / "README").write_bytes(content)
    checkpoints.snapshot(1, "lost")
    name = hashlib.sha1(b"blob %d\0%b" % (len(content), content)).hexdigest()
    blob = repo / "objects" / name[:2] / name[2:]
    blob.write_bytes(blob.read_bytes()[:left])
    with Checkpoints.open(repo, workspace, head=head) as again:
        rewritten = again.snapshot(1, "again")
        assert rewritten is not None
        assert file_at(repo, rewritten.commit_after, "README") == content


def test_opening_does_not_touch_the_workspace(checkpoints: Checkpoints, workspace: Path, repo: Path) -> None:
    (workspace / "README").write_text("newer than the head")
    with Checkpoints.open(repo, workspace, head=checkpoints.head[:16]) as again:
        assert again.head == checkpoints.head
        assert again.tree == checkpoints.tree
        made = again.snapshot(1, "kept")
        assert made is not None
        assert [change.path for change in made.changed_files] == ["README"]


def test_what_was_told_before_is_not_told_again(tmp_path: Path, workspace: Path) -> None:
    os.mkfifo(workspace / "pipe")
    with Checkpoints.create(tmp_path / "repo", workspace) as checkpoints:
        head = checkpoints.head
    with Checkpoints.open(tmp_path / "repo", workspace, head=head) as again:
        assert again.snapshot(1, "nothing new") is None


def test_a_failed_start_leaves_nothing(tmp_path: Path, workspace: Path) -> None:
    with pytest.raises(UsageError, match="leave out everything"):
        Checkpoints.create(tmp_path / "repo", workspace, policy=Policy(ignore=("",)))
    assert not (tmp_path / "repo").exists()


def test_a_damaged_object_is_said(checkpoints: Checkpoints, workspace: Path, repo: Path, tmp_path: Path) -> None:
    blob = hashlib.sha1(b"blob 8\0read me\n").hexdigest()
    file = repo / "objects" / blob[:2] / blob[2:]
    whole = file.read_bytes()
    for damage in (whole[: len(whole) // 2], b"no object"):
        file.write_bytes(damage)
        with pytest.raises(MachineError, match=f"lacks the object {blob}"):
            export_tree(repo, checkpoints.head, tmp_path / "out")
        assert list((tmp_path / "out").iterdir()) == []
    file.unlink()
    (workspace / "README").unlink()
    with pytest.raises(MachineError, match=f"lacks the object {blob}"):
        checkpoints.restore(checkpoints.head)


def test_what_is_no_repository_is_refused(tmp_path: Path, workspace: Path) -> None:
    with pytest.raises(UsageError, match="no checkpoint repository"):
        Checkpoints.open(tmp_path / "nothing", workspace, head="0" * 40)


_WRITER = """
import sys
from pathlib import Path
from loopwright.checkpoint import Checkpoints
repo, workspace, head, part = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
with Checkpoints.open(repo, workspace, head=head) as checkpoints:
    checkpoints.restore(head)
    while True:
        part += 1
        (workspace / "counter").write_text(str(part))
        for number in range(part % 4 * 200):
            (workspace / "many").mkdir(exist_ok=True)
            (workspace / "many" / str(number)).write_text(f"{part} {number}")
        made = checkpoints.snapshot(part, f"part {part}")
        print(part, made.commit_after, flush=True)
"""


@pytest.mark.kill
def test_kill_9_at_random_moments(tmp_path: Path, workspace: Path, repo: Path) -> None:
    """Each round kills a writer somewhere; what it had printed is acknowledged and must be there, all of it."""
    with Checkpoints.create(repo, workspace) as checkpoints:
        acknowledged = {0: checkpoints.head}
    chance = random.Random(20)
    for _ in range(15):
        part = max(acknowledged)
        words = [sys.executable, "-c", _WRITER, str(repo), str(workspace), acknowledged[part], str(part)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            first = writer.stdout.readline()
            time.sleep(chance.random() * 0.2)
            writer.send_signal(signal.SIGKILL)
            lines = [first, *writer.stdout.read().splitlines()]
        for line in lines:
            number, commit = line.split()
            acknowledged[int(number)] = commit
        last = max(acknowledged)
        with Checkpoints.open(repo, workspace, head=acknowledged[last]) as checkpoints:
            assert checkpoints.restore(acknowledged[last]).missing == ()
            assert (workspace / "counter").read_text() == str(last)
        expected = {f"refs/parts/{number}": commit for number, commit in acknowledged.items()}
        assert refs_of(repo) == expected | {"refs/heads/main": acknowledged[last]}
    fsck(repo)


_ON_A_SMALL_DISK = """
import sys, os
from pathlib import Path
from loopwright.base import MachineError
from loopwright.checkpoint import Checkpoints, Policy, export_tree, file_at
repo, workspace = Path("/disk/repo"), Path(sys.argv[1])
with Checkpoints.create(repo, workspace) as checkpoints:
    before = checkpoints.head
    (workspace / "README").write_text("small")
    for count, name in ((40, "big"), (800, "pieces/p")):
        (workspace / "pieces").mkdir(exist_ok=True)
        for number in range(count):
            (workspace / f"{name}{number}").write_bytes(os.urandom(8_000_000 // count))
        try:
            checkpoints.snapshot(1, "too much")
        except MachineError as error:
            print(error, flush=True)  # `exec` below forgets what is buffered
        assert checkpoints.head == before
        for number in range(count):
            (workspace / f"{name}{number}").unlink()
    made = checkpoints.snapshot(2, "fits again")
    assert [change.path for change in made.changed_files] == ["README"], made
    assert file_at(repo, made.commit_after, "README") == b"small"
os.execvp("git", ["git", "-C", str(repo), "fsck", "--full", "--strict"])
"""


def test_a_full_disk_is_said_and_nothing_is_lost(workspace: Path) -> None:
    """On a disk of 2 MB of its own, inside a mount namespace."""
    words = ["bwrap", "--dev-bind", "/", "/", "--tmpfs", "/run", "--size", "2000000", "--tmpfs", "/run/disk"]
    program = _ON_A_SMALL_DISK.replace("/disk/repo", "/run/disk/repo")
    done = subprocess.run([*words, sys.executable, "-c", program, str(workspace)], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    said = done.stdout.decode()
    assert said.count("The disk is full; the last checkpoint is intact. Free some space and resume the run.") == 2


def test_a_read_only_place_is_said(tmp_path: Path, workspace: Path) -> None:
    words = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(tmp_path), str(tmp_path), sys.executable, "-c"]
    program = (
        "import sys; from pathlib import Path; from loopwright.base import MachineError\n"
        "from loopwright.checkpoint import Checkpoints\n"
        "try: Checkpoints.create(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "except MachineError as error: print(error)\n"
    )
    done = subprocess.run([*words, program, str(tmp_path / "repo"), str(workspace)], check=True, capture_output=True)
    assert b"The disk is read-only. Mount it writable" in done.stdout


def test_a_failing_snapshot_is_taken_again(
    checkpoints: Checkpoints, workspace: Path, repo: Path, tree_by_git: Judge
) -> None:
    """The picture of the workspace must not keep objects that were never written."""
    (workspace / "README").write_text("first")
    (repo / "scratch").rename(repo / "aside")
    with pytest.raises(MachineError):
        checkpoints.snapshot(1, "fails")
    (repo / "aside").rename(repo / "scratch")
    made = checkpoints.snapshot(1, "works")
    assert made is not None
    assert made.tree == tree_by_git(workspace)
    assert file_at(repo, made.commit_after, "README") == b"first"
    assert os.path.getsize(repo / "refs/heads/main") == 41  # noqa: PTH202
    fsck(repo)
