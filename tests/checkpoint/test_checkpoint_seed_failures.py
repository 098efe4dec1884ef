"""The seven ways in which checkpoints of an earlier tool of this kind lost an agent's work; none may do so here."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from loopwright.base import UsageError
from loopwright.checkpoint import Checkpoints, bundle, file_at, unbundle

RealGit = Callable[..., str]
Listed = Callable[[Path, str], list[str]]


@pytest.fixture
def agents_repository(workspace: Path, real_git: RealGit) -> Path:
    real_git("init", "-q", cwd=workspace)
    real_git("add", "-A", cwd=workspace)
    real_git("commit", "-q", "-m", "start", cwd=workspace)
    return workspace


def test_1_an_agent_that_commits_by_itself(
    agents_repository: Path, repo: Path, real_git: RealGit, paths_in: Listed
) -> None:
    with Checkpoints.create(repo, agents_repository) as checkpoints:
        (agents_repository / "own.c").write_text("own\n")
        real_git("add", "-A", cwd=agents_repository)
        real_git("commit", "-q", "-m", "mine", cwd=agents_repository)
        made = checkpoints.snapshot(1, "the agent committed")
    assert made is not None
    assert "own.c" in paths_in(repo, made.commit_after)
    assert not any(path.startswith(".git/") for path in paths_in(repo, made.commit_after))


def test_2_an_agent_that_amends_and_rebases(
    agents_repository: Path, repo: Path, tmp_path: Path, real_git: RealGit
) -> None:
    root = agents_repository
    with Checkpoints.create(repo, root) as checkpoints:
        commits = {}
        for part, text in enumerate(("one", "two", "three"), 1):
            (root / f"file{part}").write_text(text)
            real_git("add", "-A", cwd=root)
            real_git("commit", "-q", "-m", text, cwd=root)
            made = checkpoints.snapshot(part, text)
            assert made is not None
            commits[part] = (made.commit_after, text)
        (root / "file3").write_text("amended")
        real_git("commit", "-q", "-a", "--amend", "-m", "amended", cwd=root)
        real_git("rebase", "-q", "--onto", "HEAD~2", "HEAD~1", cwd=root)
        rewritten = checkpoints.snapshot(4, "rewritten")
        assert rewritten is not None
        assert [change.path for change in rewritten.changed_files] == ["file2", "file3"]
        bundle(repo, tmp_path / "all.bundle")
    unbundle([tmp_path / "all.bundle"], tmp_path / "again.git", need=["refs/parts/1", "refs/parts/2", "refs/parts/3"])
    for part, (commit, text) in commits.items():
        assert file_at(tmp_path / "again.git", commit, f"file{part}") == text.encode()


def test_3_ignored_sources_are_captured(agents_repository: Path, repo: Path, paths_in: Listed) -> None:
    sources = ["src/test_utils.rs", "tests/test_loops.c", "src/cc/lexer.rs", "src/runtime.s", "tests/good.c"]
    (agents_repository / ".gitignore").write_text("test_*\ncc\n*.s\ntarget/\n")
    with Checkpoints.create(repo, agents_repository) as checkpoints:
        for source in sources:
            (agents_repository / source).parent.mkdir(parents=True, exist_ok=True)
            (agents_repository / source).write_text(source)
        made = checkpoints.snapshot(1, "sources")
    assert made is not None
    assert set(sources) <= set(paths_in(repo, made.commit_after))
    assert [change.path for change in made.changed_files] == sorted(sources)


def test_4_a_held_index_lock_is_no_matter(agents_repository: Path, repo: Path) -> None:
    with Checkpoints.create(repo, agents_repository) as checkpoints:
        (agents_repository / ".git/index.lock").write_text("")
        (agents_repository / "README").write_text("changed under a lock")
        started = time.monotonic()
        made = checkpoints.snapshot(1, "locked")
        assert time.monotonic() - started < 10  # nobody takes the lock away: who waits for it waits for ever
        assert made is not None
        assert [change.path for change in made.changed_files] == ["README"]
        assert checkpoints.snapshot(2, "nothing left over") is None


def test_5_an_agent_that_removes_its_git(agents_repository: Path, repo: Path, real_git: RealGit) -> None:
    with Checkpoints.create(repo, agents_repository) as checkpoints:
        subprocess.run(["rm", "-rf", ".git"], cwd=agents_repository, check=True)
        assert checkpoints.snapshot(1, "no source changed") is None
        (agents_repository / "README").write_text("after")
        made = checkpoints.snapshot(2, "goes on")
        assert made is not None
        real_git("init", "-q", cwd=agents_repository)
        real_git("add", "-A", cwd=agents_repository)
        assert checkpoints.snapshot(3, "git again") is None


def test_6_a_checkpoint_that_was_never_acknowledged(workspace: Path, repo: Path) -> None:
    """The commit was made but its part was not recorded: the part is taken again and holds the same change."""
    with Checkpoints.create(repo, workspace) as checkpoints:
        (workspace / "README").write_text("one")
        first = checkpoints.snapshot(1, "recorded")
        assert first is not None
        (workspace / "README").write_text("two")
        lost = checkpoints.snapshot(2, "never recorded")
        assert lost is not None
    with Checkpoints.open(repo, workspace, head=first.commit_after) as checkpoints:
        assert not (repo / "refs/parts/2").exists()
        assert checkpoints.head == first.commit_after
        again = checkpoints.snapshot(2, "recorded now")
        assert again is not None
        assert again.commit_before == first.commit_after
        assert again.changed_files == lost.changed_files
        assert again.tree == lost.tree


def test_6_an_export_that_fails_costs_no_checkpoint(checkpoints: Checkpoints, workspace: Path, tmp_path: Path) -> None:
    (workspace / "README").write_text("one")
    with pytest.raises(Exception, match="bundle could not be written"):
        bundle(checkpoints.repo, tmp_path / "no such folder" / "x.bundle")
    assert checkpoints.snapshot(1, "as if nothing had been") is not None


def test_7_a_change_belongs_to_the_part_that_made_it(checkpoints: Checkpoints, workspace: Path, repo: Path) -> None:
    """All that a program did before it ended is in the very next snapshot, and names need no quoting."""
    program = "import sys; open(sys.argv[1], 'w').write(sys.argv[2])"
    for part in range(1, 31):
        name = f'odd "name"\t{part % 3}\n'
        subprocess.run([sys.executable, "-S", "-c", program, workspace / name, str(part)], check=True)
        made = checkpoints.snapshot(part, "program ended")
        assert made is not None
        assert [change.path for change in made.changed_files] == [name]
        assert file_at(repo, made.commit_after, name) == str(part).encode()
        assert checkpoints.snapshot(part, "nothing arrives late") is None


def test_an_unknown_head_is_refused(checkpoints: Checkpoints, workspace: Path, repo: Path) -> None:
    with pytest.raises(UsageError, match="no checkpoint"):
        Checkpoints.open(repo, workspace, head="0" * 40)
