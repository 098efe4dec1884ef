"""Reading checkpoints: trees, files, differences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.base import MachineError, UsageError
from loopwright.checkpoint import Checkpoints, changed_between, diff, file_at, tree_of
from loopwright.checkpoint._commits import encode_commit, part_of, skipped_of
from loopwright.checkpoint._trees import Entry, decode_tree, encode_tree
from loopwright.record import FileChange, SkippedFile


@pytest.fixture
def two(checkpoints: Checkpoints, workspace: Path) -> tuple[str, str]:
    """Two commits that differ in each way."""
    (workspace / "long").write_text("".join(f"line {number}\n" for number in range(50)))
    first = checkpoints.snapshot(1, "first")
    (workspace / "long").rename(workspace / "renamed")
    (workspace / "README").write_text("read me\nand more\n")
    (workspace / "binary").write_bytes(b"\0\xff")
    (workspace / "latin").write_bytes("größe\n".encode("latin-1"))
    second = checkpoints.snapshot(2, "second")
    assert first is not None
    assert second is not None
    return first.commit_after, second.commit_after


def test_a_patch_shows_renames(repo: Path, two: tuple[str, str]) -> None:
    text = diff(repo, *two)
    assert "rename from long\nrename to renamed\n" in text
    assert "+and more\n" in text
    assert "Binary files /dev/null and b/binary differ" in text
    assert "+gr\ufffd" in text
    assert diff(repo, two[0], two[0]) == ""


def test_statistics(repo: Path, two: tuple[str, str]) -> None:
    text = diff(repo, *two, stat=True)
    assert "long => renamed" in text
    assert "4 files changed" in text


def test_a_patch_can_be_applied(
    repo: Path, two: tuple[str, str], tmp_path: Path, checkpoints: Checkpoints, real_git: Callable[..., str]
) -> None:
    text = diff(repo, checkpoints.initial.commit_after, two[0])  # type: ignore[union-attr]
    (tmp_path / "patch").write_text(text)
    (tmp_path / "target").mkdir()
    real_git("apply", "../patch", cwd=tmp_path / "target")
    assert (tmp_path / "target/long").read_text().startswith("line 0\n")


def test_nobodys_settings_change_a_patch(repo: Path, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    plain = diff(repo, *two)
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "diff.noprefix")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    assert diff(repo, *two) == plain


def test_a_damaged_repository_is_said_by_name(repo: Path, two: tuple[str, str], checkpoints: Checkpoints) -> None:
    tree = repo / "objects" / checkpoints.tree[:2] / checkpoints.tree[2:]
    tree.unlink()
    with pytest.raises(MachineError) as caught:
        diff(repo, *two)
    assert caught.value.where == str(repo)


def test_changed_files(repo: Path, two: tuple[str, str]) -> None:
    assert changed_between(repo, *two) == (
        FileChange("README", "modified"),
        FileChange("binary", "added"),
        FileChange("latin", "added"),
        FileChange("long", "deleted"),
        FileChange("renamed", "added"),
    )
    assert changed_between(repo, two[1], two[1]) == ()


def test_a_folder_for_a_file_and_back(checkpoints: Checkpoints, workspace: Path, repo: Path) -> None:
    (workspace / "README").unlink()
    (workspace / "README/in").mkdir(parents=True)
    (workspace / "README/in/file").write_text("")
    made = checkpoints.snapshot(1, "folder")
    assert made is not None
    assert made.commit_before is not None
    assert made.changed_files == (FileChange("README", "deleted"), FileChange("README/in/file", "added"))
    back = changed_between(repo, made.commit_after, made.commit_before)
    assert back == (FileChange("README", "added"), FileChange("README/in/file", "deleted"))


def test_trees_and_files(repo: Path, two: tuple[str, str], checkpoints: Checkpoints) -> None:
    assert tree_of(repo, two[1]) == checkpoints.tree
    assert tree_of(repo, two[1][:10]) == checkpoints.tree
    assert file_at(repo, two[0], "src/main.c").startswith(b"int main")


@pytest.mark.parametrize("path", ["nowhere", "src/nowhere", "README/x", "", "/README", "../README", "src"])
def test_a_path_that_is_no_file(repo: Path, two: tuple[str, str], path: str) -> None:
    with pytest.raises(UsageError, match=r"no file|is a folder"):
        file_at(repo, two[0], path)


def test_a_near_miss_is_named(repo: Path, two: tuple[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        file_at(repo, two[0], "src/main.cc")
    assert "main.c" in (caught.value.remedy or "")


names = st.binary(min_size=1, max_size=20).filter(lambda name: not set(name) & {0, ord("/")})
entries = st.builds(
    Entry, st.sampled_from([0o100644, 0o100755, 0o120000, 0o40000]), names, st.binary(min_size=20, max_size=20)
)


@given(st.lists(entries, unique_by=lambda entry: entry.name))
def test_tree_objects_round_trip(tree: list[Entry]) -> None:
    assert sorted(decode_tree(encode_tree(tree))) == sorted(tree)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_tree_or_refused(data: bytes) -> None:
    try:
        decode_tree(data)
    except ValueError:
        return
    assert data == b"" or b"\0" in data


@given(st.text(), st.integers(0, 10**9), st.lists(st.tuples(st.text(), st.integers(0)), max_size=5))
def test_trailers_round_trip(message: str, part: int, files: list[tuple[str, int]]) -> None:
    skipped = [SkippedFile(path, size, "too_large", "ab") for path, size in files]
    data = encode_commit(b"\1" * 20, None, part, message, skipped)
    text = data.split(b"\n\n", 1)[1].decode()
    assert part_of(text) == part
    assert skipped_of(text) == skipped


@pytest.mark.parametrize("line", ["{}", "[1]", "[", '["a",1,"other reason",""]', "null", '["a","b","too_large",""]'])
def test_foreign_trailers_do_no_harm(line: str) -> None:
    message = f"text\n\nLoopwright-Part: x\nLoopwright-Skipped: {line}\n"
    assert part_of(message) is None
    assert skipped_of(message) == []
