"""What the checkpoint tests share: a workspace with a repository, and real git to compare with."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loopwright.checkpoint import Checkpoints

Git = Callable[..., str]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A small workspace with a file, a folder and an executable."""
    folder = tmp_path / "workspace"
    (folder / "src").mkdir(parents=True)
    (folder / "README").write_text("read me\n")
    (folder / "src" / "main.c").write_text("int main(void) { return 0; }\n")
    (folder / "build.sh").write_text("#!/bin/sh\n")
    (folder / "build.sh").chmod(0o755)
    return folder


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Where the checkpoint repository goes."""
    return tmp_path / "repo.git"


@pytest.fixture
def checkpoints(repo: Path, workspace: Path) -> Iterator[Checkpoints]:
    """Checkpoints of the workspace, the starting files committed."""
    with Checkpoints.create(repo, workspace) as made:
        yield made


@pytest.fixture
def real_git() -> Git:
    """Run git as an agent would, and return what it prints."""

    def run(*arguments: str, cwd: Path, **settings: str) -> str:
        identity = {
            name: value
            for role in ("AUTHOR", "COMMITTER")
            for name, value in ((f"GIT_{role}_NAME", "agent"), (f"GIT_{role}_EMAIL", "agent@localhost"))
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        quiet = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
        environment = kept | identity | quiet | settings
        done = subprocess.run(
            ["git", "-c", "init.defaultBranch=main", *arguments],
            cwd=cwd,
            env=environment,
            check=True,
            capture_output=True,
        )
        return os.fsdecode(done.stdout)

    return run


@pytest.fixture
def tree_by_git(real_git: Git, tmp_path: Path) -> Callable[[Path], str]:
    """The tree id that `git add -A -f` gives a folder: what a checkpoint has to equal."""

    def tree(folder: Path) -> str:
        judge = tmp_path / "judge"
        if not judge.exists():
            judge.mkdir()
            real_git("init", "-q", "--bare", "judge", cwd=tmp_path)
        settings = {"GIT_DIR": str(judge), "GIT_WORK_TREE": str(folder), "GIT_INDEX_FILE": str(tmp_path / "index")}
        (tmp_path / "index").unlink(missing_ok=True)
        real_git("-c", "core.bare=false", "add", "-A", "-f", ".", cwd=folder, **settings)
        return real_git("write-tree", cwd=folder, **settings).strip()

    return tree


@pytest.fixture
def paths_in() -> Callable[[Path, str], list[str]]:
    """The paths of a commit, as git itself lists them."""

    def listed(repo: Path, commit: str) -> list[str]:
        out = subprocess.run(
            ["git", "ls-tree", "-r", "-z", "--name-only", commit], cwd=repo, check=True, capture_output=True
        ).stdout
        return [os.fsdecode(path) for path in out.split(b"\0") if path]

    return listed
