"""All checkpoints in one file, and in a chain of files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from loopwright.base import UsageError
from loopwright.checkpoint import Checkpoints, bundle, bundle_refs, file_at, unbundle


def parts(checkpoints: Checkpoints, workspace: Path, numbers: range) -> list[str]:
    """Change README in each part; the commits."""
    for number in numbers:
        (workspace / "README").write_text(f"part {number}\n")
        checkpoints.snapshot(number, f"part {number}")
    return [checkpoints.head]


def refs_of(repo: Path) -> list[str]:
    listed = subprocess.run(["git", "for-each-ref", "--format=%(refname)"], cwd=repo, check=True, stdout=-1, text=True)
    return listed.stdout.split()


def test_a_full_bundle_has_every_ref(checkpoints: Checkpoints, workspace: Path, repo: Path, tmp_path: Path) -> None:
    parts(checkpoints, workspace, range(1, 6))
    names = bundle(repo, tmp_path / "full")
    assert names == ["refs/heads/main", *(f"refs/parts/{number}" for number in range(6))]
    assert sorted(bundle_refs(tmp_path / "full")) == names
    unbundle([tmp_path / "full"], tmp_path / "again")
    assert refs_of(tmp_path / "again") == names
    subprocess.run(["git", "fsck", "--full", "--strict"], cwd=tmp_path / "again", check=True, capture_output=True)
    with Checkpoints.open(tmp_path / "again", workspace, head=checkpoints.head) as again:
        assert again.snapshot(6, "nothing") is None


def test_a_chain_of_bundles(checkpoints: Checkpoints, workspace: Path, repo: Path, tmp_path: Path) -> None:
    shipped: set[str] = set()
    chain = []
    for number, numbers in enumerate((range(1, 4), range(4, 6), range(6, 30))):
        parts(checkpoints, workspace, numbers)
        chain.append(tmp_path / f"{number}.bundle")
        names = bundle(repo, chain[-1], since=shipped)
        assert names is not None
        assert "refs/heads/main" in names
        assert set(names) >= {f"refs/parts/{part}" for part in numbers}
        shipped |= set(bundle_refs(chain[-1]).values())
    assert chain[2].stat().st_size < 20_000
    unbundle(chain, tmp_path / "again", need=[f"refs/parts/{part}" for part in range(30)])
    assert refs_of(tmp_path / "again") == refs_of(repo)
    for part in (0, 3, 17, 29):
        commit = (repo / f"refs/parts/{part}").read_text().strip()
        assert file_at(tmp_path / "again", commit, "README") == file_at(repo, commit, "README")


def test_since_may_name_the_head_alone(checkpoints: Checkpoints, workspace: Path, repo: Path, tmp_path: Path) -> None:
    parts(checkpoints, workspace, range(1, 5))
    head = checkpoints.head
    parts(checkpoints, workspace, range(5, 7))
    assert bundle(repo, tmp_path / "b", since={head}) == ["refs/heads/main", "refs/parts/5", "refs/parts/6"]


def test_nothing_new_is_none(checkpoints: Checkpoints, repo: Path, tmp_path: Path) -> None:
    assert bundle(repo, tmp_path / "b", since={checkpoints.head}) is None
    assert not (tmp_path / "b").exists()
    assert bundle(repo, tmp_path / "b", since=set()) is not None
    assert bundle(repo, tmp_path / "b", since={"0" * 40, "no id"}) is not None


def test_a_missing_link_of_the_chain(checkpoints: Checkpoints, workspace: Path, repo: Path, tmp_path: Path) -> None:
    parts(checkpoints, workspace, range(1, 3))
    bundle(repo, tmp_path / "b", since={checkpoints.initial.commit_after})  # type: ignore[union-attr]
    with pytest.raises(UsageError, match="earlier bundle that is missing"):
        unbundle([tmp_path / "b"], tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_lacking_ref_is_named(
    checkpoints: Checkpoints, repo: Path, tmp_path: Path, real_git: Callable[..., str]
) -> None:
    bundle(repo, tmp_path / "full")
    with pytest.raises(UsageError, match="lacks the ref refs/parts/12"):
        unbundle([tmp_path / "full"], tmp_path / "again", need=["refs/parts/0", "refs/parts/12"])
    real_git("bundle", "create", "-q", str(tmp_path / "part"), "refs/parts/0", cwd=repo)
    with pytest.raises(UsageError, match="lacks the ref refs/heads/main"):
        unbundle([tmp_path / "part"], tmp_path / "again")
    with pytest.raises(UsageError, match="lacks the ref refs/heads/main"):
        unbundle([], tmp_path / "again")


def test_foreign_refs_are_not_taken_over(
    checkpoints: Checkpoints, repo: Path, tmp_path: Path, real_git: Callable[..., str]
) -> None:
    for name in ("refs/heads/other", "refs/tags/x", "refs/parts/x", "refs/notes/x"):
        (repo / name).parent.mkdir(exist_ok=True)
        (repo / name).write_text(checkpoints.head + "\n")
    real_git("bundle", "create", "-q", str(tmp_path / "all"), "--all", cwd=repo)
    unbundle([tmp_path / "all"], tmp_path / "again")
    assert refs_of(tmp_path / "again") == ["refs/heads/main", "refs/parts/0"]
    assert bundle(repo, tmp_path / "ours") == ["refs/heads/main", "refs/parts/0"]


@pytest.mark.parametrize("damage", ["text", "truncated", "absent", "flipped"])
def test_a_damaged_bundle_is_refused(
    checkpoints: Checkpoints, workspace: Path, repo: Path, tmp_path: Path, damage: str
) -> None:
    parts(checkpoints, workspace, range(1, 4))
    path = tmp_path / "b"
    bundle(repo, path)
    content = path.read_bytes()
    path.write_bytes(
        {
            "text": b"this is no bundle",
            "truncated": content[:-100],
            "absent": b"",
            "flipped": content[:-60] + bytes([content[-60] ^ 255]) + content[-59:],
        }[damage]
    )
    if damage == "absent":
        path.unlink()
    with pytest.raises(UsageError) as caught:
        unbundle([path], tmp_path / "again")
    assert caught.value.where == str(path)
    assert not (tmp_path / "again").exists()


def test_ten_thousand_parts_fit_in_a_bundle(
    checkpoints: Checkpoints, workspace: Path, repo: Path, tmp_path: Path
) -> None:
    """The names of refs go through standard input: a command line would be too short for them."""
    parts(checkpoints, workspace, range(1, 2))
    for number in range(2, 10_000):
        (repo / f"refs/parts/{number}").write_text(checkpoints.head + "\n")
    names = bundle(repo, tmp_path / "b")
    assert names is not None
    assert len(names) == 10_001
    unbundle([tmp_path / "b"], tmp_path / "again")
    assert len(refs_of(tmp_path / "again")) == 10_001


def test_an_empty_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no checkpoint repository"):
        bundle(tmp_path / "nothing", tmp_path / "b")


def test_plain_git_can_clone_a_full_bundle(
    checkpoints: Checkpoints, workspace: Path, repo: Path, tmp_path: Path
) -> None:
    parts(checkpoints, workspace, range(1, 4))
    bundle(repo, tmp_path / "repo.bundle")
    done = subprocess.run(
        ["git", "clone", str(tmp_path / "repo.bundle"), str(tmp_path / "clone")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "nonexistent" not in done.stderr
    assert (tmp_path / "clone" / "README").read_text() == "part 3\n"
    branch = subprocess.run(["git", "branch", "--show-current"], cwd=tmp_path / "clone", stdout=-1, text=True)
    assert branch.stdout.strip() == "main"
    again = bundle(repo, tmp_path / "b", since={checkpoints.head})
    assert again is None
