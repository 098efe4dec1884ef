"""An ordinary git repository that stands at one checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from loopwright.base import MachineError, UsageError
from loopwright.checkpoint import Checkpoints, bundle, clone_at

RealGit = Callable[..., str]


@pytest.fixture
def middle(checkpoints: Checkpoints, workspace: Path) -> str:
    """The second of three commits, with line ends and attributes that git likes to change."""
    (workspace / ".gitattributes").write_text("* text=auto eol=crlf\n*.u16 working-tree-encoding=UTF-16\n$Id$ ident\n")
    (workspace / "unix").write_bytes(b"a\nb\n")
    (workspace / "dos").write_bytes(b"a\r\nb\r\n")
    (workspace / "x.u16").write_bytes(b"plain")
    made = checkpoints.snapshot(4, "middle")
    (workspace / "unix").write_bytes(b"later\n")
    checkpoints.snapshot(9, "later")
    assert made is not None
    return made.commit_after


@pytest.mark.parametrize("bundled", [True, False])
def test_a_clone_stands_at_the_checkpoint(
    checkpoints: Checkpoints, middle: str, repo: Path, tmp_path: Path, real_git: RealGit, bundled: bool
) -> None:
    source = repo
    if bundled:
        source = tmp_path / "b"
        bundle(repo, source)
    dest = tmp_path / "a new/clone"
    clone_at(source, middle, dest)
    assert real_git("rev-parse", "HEAD", cwd=dest).strip() == middle
    assert real_git("branch", "--show-current", cwd=dest) == ""
    assert real_git("tag", cwd=dest).split() == ["parts/0", "parts/4", "parts/9"]
    assert real_git("status", "--porcelain", cwd=dest) == ""
    assert [(dest / name).read_bytes() for name in ("unix", "dos", "x.u16")] == [b"a\nb\n", b"a\r\nb\r\n", b"plain"]
    real_git("checkout", "-q", "parts/9", cwd=dest)
    assert (dest / "unix").read_bytes() == b"later\n"
    real_git("fsck", "--strict", cwd=dest)
    assert not (dest / ".git/objects/info/alternates").exists()


def test_the_destination_must_be_empty(middle: str, repo: Path, tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    dest.mkdir()
    (dest / "precious").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        clone_at(repo, middle, dest)
    assert [path.name for path in dest.iterdir()] == ["precious"]
    with pytest.raises(UsageError, match="not empty"):
        clone_at(repo, middle, dest / "precious")


def test_an_empty_destination_is_fine(middle: str, repo: Path, tmp_path: Path) -> None:
    (tmp_path / "dest").mkdir()
    clone_at(repo, middle[:12], tmp_path / "dest")
    assert (tmp_path / "dest/unix").is_file()


@pytest.mark.parametrize("commit", ["0" * 40, "nonsense", "--upload-pack=x", ""])
def test_an_unknown_commit_leaves_nothing(middle: str, repo: Path, tmp_path: Path, commit: str) -> None:
    (tmp_path / "dest").mkdir()
    for dest in (tmp_path / "dest", tmp_path / "new"):
        with pytest.raises(UsageError, match="no checkpoint"):
            clone_at(repo, commit, dest)
    assert list((tmp_path / "dest").iterdir()) == []
    assert not (tmp_path / "new").exists()


def test_a_bundle_without_main(middle: str, repo: Path, tmp_path: Path, real_git: RealGit) -> None:
    real_git("bundle", "create", "-q", str(tmp_path / "b"), "refs/parts/4", cwd=repo)
    with pytest.raises(UsageError, match="lacks the ref refs/heads/main"):
        clone_at(tmp_path / "b", middle, tmp_path / "dest")


def test_an_incremental_bundle_alone(checkpoints: Checkpoints, middle: str, repo: Path, tmp_path: Path) -> None:
    bundle(repo, tmp_path / "b", since={middle})
    with pytest.raises(UsageError, match="cannot be cloned"):
        clone_at(tmp_path / "b", checkpoints.head, tmp_path / "dest")
    assert not (tmp_path / "dest").exists()


def test_no_source(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no checkpoint repository"):
        clone_at(tmp_path / "nothing", "0" * 40, tmp_path / "dest")


def test_hooks_and_filters_of_the_person_do_not_run(
    middle: str, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "hooks").mkdir(parents=True)
    hook = home / "hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    (home / ".gitconfig").write_text(f"[core]\n\thooksPath = {home}/hooks\n\tautocrlf = true\n")
    monkeypatch.setenv("HOME", str(home))
    clone_at(repo, middle, tmp_path / "dest")
    assert not (tmp_path / "ran").exists()
    assert (tmp_path / "dest/unix").read_bytes() == b"a\nb\n"


def test_a_target_that_cannot_be_written_is_what_is_named(repo: Path, checkpoints: Checkpoints, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MachineError) as caught:
        clone_at(repo, checkpoints.head, tmp_path / "file" / "target")
    assert "another folder" in str(caught.value.remedy)
    assert "LOOPWRIGHT_HOME" not in str(caught.value)
