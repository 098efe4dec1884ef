"""Only what programs rebuild is left out; a user's source never is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loopwright.base import UsageError
from loopwright.checkpoint import Checkpoints, Policy

Listed = Callable[[Path, str], list[str]]
SIGNATURE = "Signature: 8a477f597d28d172789f06886806bc55\n"


@pytest.fixture
def captured(checkpoints: Checkpoints, workspace: Path, repo: Path, paths_in: Listed) -> Callable[..., set[str]]:
    """Write files, take a snapshot, and give the paths that are in it."""

    def take(*paths: str, text: str = "x") -> set[str]:
        for path in paths:
            (workspace / path).parent.mkdir(parents=True, exist_ok=True)
            (workspace / path).write_text(text)
        checkpoints.snapshot(1, "ignore")
        return set(paths_in(repo, checkpoints.head)) - {"README", "build.sh", "src/main.c"}

    return take


def test_caches_are_left_out(captured: Callable[..., set[str]]) -> None:
    folders = ["__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", "node_modules", ".git"]
    assert captured(*(f"{folder}/x" for folder in folders), *(f"a/b/{folder}/x/y" for folder in folders)) == set()
    assert captured("module.pyc", "src/module.pyc", "src/.git") == set()


def test_a_file_with_the_name_of_a_cache_is_kept(captured: Callable[..., set[str]]) -> None:
    names = {"__pycache__", "src/node_modules", "target/x", "build/x", "dist/x", "venv/x", "a.log", "core", ".env"}
    assert captured(*names) == names


def test_the_workspaces_own_ignore_file_is_not_applied(captured: Callable[..., set[str]]) -> None:
    assert captured(".gitignore", "anything", "src/.gitignore", text="*\n") == {
        ".gitignore",
        "anything",
        "src/.gitignore",
    }


def test_a_tagged_cache_folder_is_left_out_while_it_is_tagged(
    checkpoints: Checkpoints, workspace: Path, captured: Callable[..., set[str]]
) -> None:
    assert captured("target/debug/a.o") == {"target/debug/a.o"}
    assert captured("target/CACHEDIR.TAG", text=SIGNATURE) == set()
    assert captured("target/debug/b.o", "target/c.o") == set()
    (workspace / "target/CACHEDIR.TAG").unlink()
    assert captured() == {"target/debug/a.o", "target/debug/b.o", "target/c.o"}
    assert captured("target/debug/a.o", text="watched again") == {"target/debug/a.o", "target/debug/b.o", "target/c.o"}
    assert checkpoints.snapshot(2, "nothing more") is None


def test_a_false_tag_changes_nothing(captured: Callable[..., set[str]], workspace: Path) -> None:
    assert captured("src/CACHEDIR.TAG", "src/pyvenv.cfg", text="not a signature") == {
        "src/CACHEDIR.TAG",
        "src/pyvenv.cfg",
    }
    (workspace / "signature").write_text(SIGNATURE)
    (workspace / "src/CACHEDIR.TAG").unlink()
    (workspace / "src/CACHEDIR.TAG").symlink_to("../signature")
    assert "src/CACHEDIR.TAG" in captured()


def test_the_workspace_itself_is_never_ignored(captured: Callable[..., set[str]]) -> None:
    assert captured("CACHEDIR.TAG", text=SIGNATURE) == {"CACHEDIR.TAG"}
    assert captured("pyvenv.cfg", text="home = /usr/bin\n") == {"CACHEDIR.TAG", "pyvenv.cfg"}


def test_a_real_virtual_environment_is_left_out(captured: Callable[..., set[str]], workspace: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", workspace / "my env"], check=True)
    assert (workspace / "my env/pyvenv.cfg").is_file()
    assert captured() == set()


def test_a_policy_can_ignore_more(tmp_path: Path, workspace: Path, paths_in: Listed) -> None:
    policy = Policy(ignore=("*.log", "out/", "data/**/big", "/top[1]", "one?"))
    for path in (
        "a.log",
        "x/b.log",
        "x/out/y",
        "outer/out",
        "data/big",
        "data/a/b/big",
        "data/small",
        "top[1]",
        "one1",
    ):
        (workspace / path).parent.mkdir(parents=True, exist_ok=True)
        (workspace / path).write_text("x")
    (workspace / "one22").write_text("x")
    with Checkpoints.create(tmp_path / "repo", workspace, policy=policy) as checkpoints:
        (workspace / "x/c.log").write_text("x")
        assert checkpoints.snapshot(1, "only ignored") is None
        kept = set(paths_in(tmp_path / "repo", checkpoints.head))
    assert kept == {"README", "build.sh", "src/main.c", "data/small", "outer/out", "one22"}


def test_an_empty_pattern_is_refused(tmp_path: Path, workspace: Path) -> None:
    with pytest.raises(UsageError, match="leave out everything"):
        Checkpoints.create(tmp_path / "repo", workspace, policy=Policy(ignore=("/",)))
