"""Whatever is done to a workspace, an incremental snapshot is what a full `git add -A -f` would have made of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopwright.checkpoint import Checkpoints, Policy, export_tree

NAMES = ["a", "b", "c", "a.b", "-n", 'q"uo te\n', os.fsdecode(b"\xff\xfe"), "é", "x" * 255]


class Old(int):
    """Stands for an existing entry: the n-th, counted round."""

    def resolve(self, root: Path) -> Path:
        entries = sorted(root.rglob("*"))
        return entries[self % len(entries)] if entries else root / "nothing"


class New(tuple[int, str]):
    """Stands for a name in an existing folder, which may be taken."""

    def resolve(self, root: Path) -> Path:
        folders = [root, *sorted(path for path in root.rglob("*") if is_folder(path))]
        return folders[self[0] % len(folders)] / self[1]


def is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


old = st.integers(0, 30).map(Old)
new = st.tuples(st.integers(0, 5), st.sampled_from(NAMES)).map(New)
contents = st.sampled_from([b"", b"1", b"2", b"line\n" * 50])


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def append(path: Path, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(content)


def rewrite_unseen(path: Path, content: bytes) -> None:
    """Change the content but put the old modification time back."""
    before = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def rename(path: Path, other: Path) -> None:
    path.replace(other)


def swap(path: Path, other: Path) -> None:
    aside = path.with_name("swap")
    path.rename(aside)
    with suppress(OSError):
        other.rename(path)
    aside.rename(other)


def remove(path: Path) -> None:
    if is_folder(path):
        shutil.rmtree(path)
    else:
        path.unlink()


def replace(path: Path, content: bytes) -> None:
    """A file where a folder or a link was."""
    with suppress(OSError):
        remove(path)
    path.write_bytes(content)


def copy(path: Path, other: Path) -> None:
    # `realpath`, since `resolve` raises where links lead in a circle.
    if not Path(os.path.realpath(other)).is_relative_to(os.path.realpath(path)):
        shutil.copytree(path, other, symlinks=True, dirs_exist_ok=True)


def link(path: Path, target: Path) -> None:
    path.symlink_to(os.path.relpath(target, path.parent))


def hard_link(path: Path, other: Path) -> None:
    os.link(path, other, follow_symlinks=False)


def make_folder(path: Path) -> None:
    path.mkdir(parents=True)


def chmod(path: Path, mode: int) -> None:
    if path.is_file() and not path.is_symlink():
        path.chmod(mode)


def step(function: Callable[..., None], *arguments: Any) -> Any:
    return st.tuples(st.just(function), *arguments)


steps = st.one_of(
    step(write, new, contents),
    step(write, old, contents),
    step(append, old, contents),
    step(rewrite_unseen, old, contents),
    step(replace, old, contents),
    step(rename, old, new),
    step(rename, old, old),
    step(swap, old, old),
    step(remove, old),
    step(copy, old, new),
    step(copy, old, old),
    step(link, new, old),
    step(hard_link, old, new),
    step(make_folder, new),
    step(make_folder, new),
    step(chmod, old, st.sampled_from([0o644, 0o755, 0o600])),
)
starts = st.lists(st.one_of(step(make_folder, new), step(write, new, contents)), max_size=12)
rounds = st.lists(st.lists(steps, min_size=1, max_size=6), min_size=1, max_size=6)


def tree_by_git(root: Path, scratch: Path) -> str:
    environment = os.environ | {
        "GIT_DIR": str(scratch / "judge"),
        "GIT_WORK_TREE": str(root),
        "GIT_INDEX_FILE": str(scratch / "index"),
        "GIT_CONFIG_GLOBAL": "/dev/null",
    }
    (scratch / "index").unlink(missing_ok=True)
    run: Any = {"cwd": root, "env": environment, "check": True, "capture_output": True}
    if not (scratch / "judge").exists():
        subprocess.run(["git", "init", "-q", "--template=", "."], **run)
    subprocess.run(["git", "add", "-A", "-f", "."], **run)
    return str(subprocess.run(["git", "write-tree"], **run).stdout.decode().strip())


def hides_a_write(actions: list[tuple[Any, ...]]) -> bool:
    """The kernel names no path for a write through a hard link that came and went within one part."""
    used = {function for function, *_ in actions}
    return hard_link in used and bool(used & {remove, rename, swap, replace, copy})


def act(root: Path, actions: list[tuple[Any, ...]]) -> None:
    for function, *arguments in actions:
        resolved = [entry.resolve(root) if isinstance(entry, Old | New) else entry for entry in arguments]
        with suppress(OSError, shutil.Error):
            function(*resolved)


@pytest.mark.slow
@pytest.mark.parametrize("watch", ["auto", "scan"])
@given(start=starts, plan=rounds)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_incremental_equals_full(watch: Any, start: list[tuple[Any, ...]], plan: list[list[tuple[Any, ...]]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        root = scratch / "workspace"
        root.mkdir()
        act(root, start)
        with Checkpoints.create(scratch / "repo", root, policy=Policy(watch=watch)) as checkpoints:
            seen = {checkpoints.head: checkpoints.tree}
            for part, actions in enumerate(plan, 1):
                act(root, actions)
                if hides_a_write(actions):
                    checkpoints.full_scan()
                checkpoints.snapshot(part, "step")
                assert checkpoints.tree == tree_by_git(root, scratch)
                seen[checkpoints.head] = checkpoints.tree
            for commit, tree in seen.items():
                checkpoints.restore(commit)
                assert tree_by_git(root, scratch) == tree
                exported = scratch / commit
                export_tree(scratch / "repo", commit, exported)
                assert tree_by_git(exported, scratch) == tree
