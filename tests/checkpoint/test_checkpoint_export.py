"""Materialising a commit for the grader, also one that somebody made to do harm."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from loopwright.base import UsageError
from loopwright.checkpoint import Checkpoints, export_tree
from loopwright.checkpoint._objects import ObjectStore
from loopwright.checkpoint._repository import make_repository
from loopwright.checkpoint._trees import Entry, encode_tree

Forge = Callable[[list[Entry]], str]


@pytest.fixture
def store(repo: Path) -> ObjectStore:
    make_repository(repo)
    return ObjectStore(repo)


@pytest.fixture
def forge(store: ObjectStore) -> Forge:
    """Commit any tree, however wrong."""

    def make(entries: list[Entry]) -> str:
        tree = store.put(b"tree", encode_tree(entries))
        who = b"x <x@localhost> 0 +0000"
        commit = store.put(b"commit", b"tree %b\nauthor %b\ncommitter %b\n\nx\n" % (tree.hex().encode(), who, who))
        store.flush()
        return commit.hex()

    return make


def test_files_modes_and_links(checkpoints: Checkpoints, workspace: Path, repo: Path, tmp_path: Path) -> None:
    (workspace / "link").symlink_to("/nowhere/at all")
    (workspace / "empty").write_text("")
    made = checkpoints.snapshot(1, "x")
    assert made is not None
    target = tmp_path / "new/target"
    assert export_tree(repo, made.commit_after, target) == 5
    assert os.readlink(target / "link") == "/nowhere/at all"  # noqa: PTH115
    assert stat.S_IMODE((target / "build.sh").stat().st_mode) & 0o111
    assert not stat.S_IMODE((target / "README").stat().st_mode) & 0o111
    assert (target / "src/main.c").stat().st_nlink == 1
    assert (target / "empty").read_text() == ""


def test_the_target_must_be_empty(checkpoints: Checkpoints, repo: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    export_tree(repo, checkpoints.head, target)
    with pytest.raises(UsageError, match="not empty"):
        export_tree(repo, checkpoints.head, target)
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        export_tree(repo, checkpoints.head, tmp_path / "file")


@pytest.mark.parametrize("name", [b"..", b".", b".git", b".GIT", b"git~1", b"a/b", b"/etc/x", b"", b"x" * 256])
@pytest.mark.parametrize("mode", [0o100644, 0o40000, 0o120000])
def test_names_that_would_lead_out_are_refused(
    store: ObjectStore, forge: Forge, repo: Path, tmp_path: Path, name: bytes, mode: int
) -> None:
    blob = store.put(b"blob", b"x")
    inner = store.put(b"tree", encode_tree([Entry(0o100644, b"f", blob)]))
    folder = store.put(b"tree", encode_tree([Entry(mode, name, inner if mode == 0o40000 else blob)]))
    commit = forge([Entry(0o100644, b"a", blob), Entry(0o40000, b"z", folder)])
    with pytest.raises(UsageError, match="must not be written"):
        export_tree(repo, commit, tmp_path / "target")
    assert list((tmp_path / "target").iterdir()) == []


def test_a_link_and_a_folder_of_one_name_are_refused(
    store: ObjectStore, forge: Forge, repo: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    blob = store.put(b"blob", os.fsencode(tmp_path / "outside"))
    inner = store.put(b"tree", encode_tree([Entry(0o100644, b"planted", blob)]))
    commit = forge([Entry(0o120000, b"a", blob), Entry(0o40000, b"a", inner)])
    with pytest.raises(UsageError, match="names one entry twice"):
        export_tree(repo, commit, tmp_path / "target")
    assert list((tmp_path / "outside").iterdir()) == []


def test_unknown_modes_are_refused(store: ObjectStore, forge: Forge, repo: Path, tmp_path: Path) -> None:
    blob = store.put(b"blob", b"x")
    with pytest.raises(UsageError, match="must not be written"):
        export_tree(repo, forge([Entry(0o104755, b"setuid", blob)]), tmp_path / "target")


def test_a_submodule_is_left_out(store: ObjectStore, forge: Forge, repo: Path, tmp_path: Path) -> None:
    assert export_tree(repo, forge([Entry(0o160000, b"module", b"\1" * 20)]), tmp_path / "target") == 0


def test_a_tree_bomb_is_refused(store: ObjectStore, forge: Forge, repo: Path, tmp_path: Path) -> None:
    tree = store.put(b"blob", b"boom")
    mode = 0o100644
    for _ in range(12):
        tree = store.put(b"tree", encode_tree([Entry(mode, b"f%d" % number, tree) for number in range(10)]))
        mode = 0o40000
    with pytest.raises(UsageError, match="more files than may be exported"):
        export_tree(repo, forge([Entry(mode, b"x", tree)]), tmp_path / "target", max_files=1000)
    assert list((tmp_path / "target").iterdir()) == []


def test_bottomless_folders_are_refused(store: ObjectStore, forge: Forge, repo: Path, tmp_path: Path) -> None:
    tree = store.put(b"tree", b"")
    for _ in range(400):
        tree = store.put(b"tree", encode_tree([Entry(0o40000, b"d", tree)]))
    with pytest.raises(UsageError, match="deeper"):
        export_tree(repo, forge([Entry(0o40000, b"d", tree)]), tmp_path / "target")


def test_a_damaged_tree_is_refused(store: ObjectStore, forge: Forge, repo: Path, tmp_path: Path) -> None:
    broken = store.put(b"tree", b"100644 name without an id")
    with pytest.raises(UsageError, match="damaged"):
        export_tree(repo, forge([Entry(0o40000, b"d", broken)]), tmp_path / "target")


def test_the_deepest_folder_that_is_recorded_can_be_exported(
    checkpoints: Checkpoints, workspace: Path, repo: Path, tmp_path: Path
) -> None:
    deep = workspace.joinpath(*["d"] * 199)
    deep.mkdir(parents=True)
    (deep / "f").write_text("deep")
    made = checkpoints.snapshot(1, "deep")
    assert made is not None
    assert len(made.changed_files) == 1
    export_tree(repo, made.commit_after, tmp_path / "target")
    assert tmp_path.joinpath("target", *["d"] * 199, "f").read_text() == "deep"


def test_no_repository_and_no_commit(repo: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no checkpoint repository"):
        export_tree(tmp_path / "nothing", "0" * 40, tmp_path / "target")
    make_repository(repo)
    with pytest.raises(UsageError, match="no checkpoint"):
        export_tree(repo, "0" * 40, tmp_path / "target")
