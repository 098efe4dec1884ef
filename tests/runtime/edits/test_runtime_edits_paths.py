"""Paths: nothing outside of the workspace is read or written, whatever links there are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from loopwright.base import UsageError
from loopwright.runtime.edits import Create, Delete, EditError, Hunk, Move, Operation, Update, apply
from loopwright.runtime.edits.paths import folder, located


@pytest.fixture
def work(tmp_path: Path) -> Path:
    outside, inside = tmp_path / "outside", tmp_path / "work"
    outside.mkdir()
    (outside / "secret").write_text("secret\n")
    (inside / "src").mkdir(parents=True)
    (inside / ".git").mkdir()
    (inside / ".git/config").write_text("[core]\n")
    (inside / "src/a").write_text("one\n")
    (inside / "out").symlink_to(outside)
    (inside / "leak").symlink_to(outside / "secret")
    (inside / "dangling").symlink_to(outside / "new")
    (inside / "relative").symlink_to("../outside/secret")
    (inside / "loop").symlink_to("loop")
    (inside / "git").symlink_to(".git")
    (inside / "inner").symlink_to("src/a")
    os.mkfifo(inside / "pipe")
    return inside


_BAD = [
    "", " ", ".", "..", "/", "/etc/passwd", "/workspace", "/workspace/../etc", "../outside/secret",
    "src/../../outside/x", "out/secret", "out/new", "leak", "dangling", "relative", "loop", "loop/x",
    ".git/config", "src/../.git/config", ".GIT/config", "git/config", "sub/.git/hooks/x", "a\0b", "pipe",
    "src", "x" * 300, "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("path", _BAD)
def test_no_operation_touches_it(work: Path, path: str) -> None:
    operations: list[Operation] = [
        Create(path, "evil\n"),
        Create(path, "evil\n", overwrite=True),
        Update(path, (Hunk("secret", "evil"),)),
        Delete(path),
        Move(path, "src/moved"),
        Move("src/a", path),
    ]
    for operation in operations:
        with pytest.raises(EditError):
            apply(work, [operation])
    assert (work.parent / "outside/secret").read_text() == "secret\n"
    assert [one.name for one in (work.parent / "outside").iterdir()] == ["secret"]
    assert (work / ".git/config").read_text() == "[core]\n"
    assert (work / "src/a").read_text() == "one\n"


def test_paths_below_workspace_are_relative_and_inner_links_are_followed(work: Path) -> None:
    assert located(work, "/workspace/src/a") == located(work, "./src//a") == located(work, "inner") == "src/a"
    apply(work, [Update("inner", (Hunk("one", "1"),))])
    assert (work / "inner").is_symlink()
    assert (work / "src/a").read_text() == "1\n"


def test_a_link_itself_is_neither_deleted_nor_moved(work: Path) -> None:
    for operation in (Delete("inner"), Move("inner", "x")):
        with pytest.raises(EditError, match="symbolic link"):
            apply(work, [operation])
    assert (work / "inner").is_symlink()


def test_a_folder_that_becomes_a_link_is_not_followed(work: Path) -> None:
    """What `located` said may be wrong a moment later; opening must notice."""
    path = located(work, "src/new")
    (work / "src").rename(work / "moved")
    (work / "src").symlink_to(work.parent / "outside")
    with pytest.raises(OSError, match=r"Not a directory|Too many"), folder(work, path):
        pass


def test_a_workspace_that_is_a_link_works(work: Path) -> None:
    (work.parent / "link").symlink_to(work)
    apply(work.parent / "link", [Update("src/a", (Hunk("one", "1"),))])
    assert (work / "src/a").read_text() == "1\n"


def test_a_problem_names_the_path_as_the_model_wrote_it(work: Path) -> None:
    with pytest.raises(UsageError, match="out/secret: it leads outside"):
        apply(work, [Delete("out/secret")])
