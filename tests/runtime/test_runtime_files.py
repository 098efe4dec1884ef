"""No path that an agent can name, and no link that it can make, leads a file tool outside of the workspace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from loopwright.base import UsageError
from loopwright.runtime.edits import Create, apply
from loopwright.runtime.edits.paths import inside
from loopwright.runtime.tools._files import read_text


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    return folder


@pytest.mark.parametrize(
    "path", ["../secret", "a/../../secret", "/etc/passwd", "/workspace/../secret", "/workspace-2/x"]
)
def test_paths_outside_are_refused(workspace: Path, path: str) -> None:
    with pytest.raises(UsageError, match="outside of the workspace"):
        inside(workspace, path)


@pytest.mark.parametrize("path", ["a", "./a", "/workspace/a", "b/../a"])
def test_paths_inside_are_found(workspace: Path, path: str) -> None:
    assert inside(workspace, path) == workspace / "a"


def test_a_link_to_the_outside_is_neither_read_nor_written(workspace: Path, tmp_path: Path) -> None:
    (workspace / "link").symlink_to(tmp_path / "secret")
    (workspace / "folder").symlink_to(tmp_path)
    for path in ("link", "folder/secret", "folder/new"):
        with pytest.raises(UsageError, match="outside"):
            read_text(workspace, path)
        with pytest.raises(UsageError, match="outside"):
            apply(workspace, [Create(path, "x", overwrite=True)])
    assert (tmp_path / "secret").read_text() == "secret"
    assert not (tmp_path / "new").exists()


def test_a_link_inside_is_followed(workspace: Path) -> None:
    (workspace / "real").write_text("here")
    (workspace / "link").symlink_to("real")
    assert read_text(workspace, "link") == "here"


def test_a_pipe_does_not_hang_a_read(workspace: Path) -> None:
    os.mkfifo(workspace / "pipe")
    with pytest.raises(UsageError, match="not a regular file"):
        read_text(workspace, "pipe")
    with pytest.raises(UsageError, match="not a regular file"):
        apply(workspace, [Create("pipe", "x", overwrite=True)])


def test_a_loop_of_links_is_an_error(workspace: Path) -> None:
    (workspace / "a").symlink_to("b")
    (workspace / "b").symlink_to("a")
    with pytest.raises(UsageError):
        read_text(workspace, "a")


def test_writing_keeps_the_mode_and_makes_folders(workspace: Path) -> None:
    whats = []
    for content in ("one", "two", "two"):
        report = apply(workspace, [Create("deep/er/file", content, overwrite=True)])
        whats += [changed.what for changed in report.changed]
        (workspace / "deep/er/file").chmod(0o755)
    assert whats == ["created", "updated", "kept"]
    assert (workspace / "deep/er/file").stat().st_mode & 0o777 == 0o755


def test_bytes_that_are_not_utf8_are_shown(workspace: Path) -> None:
    (workspace / "latin").write_bytes(b"caf\xe9")
    assert read_text(workspace, "latin") == "caf\ufffd"
