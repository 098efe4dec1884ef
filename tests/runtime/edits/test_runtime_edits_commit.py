"""Writing many files at once: a failure in the middle leaves every byte and mode as it was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loopwright.base import MachineError
from loopwright.runtime.edits.commit import commit
from loopwright.runtime.edits.paths import State

_LIMITED = """
import resource, sys
from pathlib import Path
from loopwright.base import MachineError
from loopwright.runtime.edits import Create, Delete, Hunk, Move, Update, apply
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    apply(Path(sys.argv[1]), [
        Update("a", (Hunk("one", "1"),)), Delete("c"), Move("d", "e/d"),
        Create("x/y/new", "x\\n"), Create("b", "z" * 100_000, overwrite=True),
    ])
except MachineError as error:
    print(error)
"""


def _tree(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def work(tmp_path: Path) -> Path:
    for name, mode in (("a", 0o644), ("b", 0o600), ("c", 0o755), ("d", 0o444)):
        (tmp_path / name).write_text("one\n")
        (tmp_path / name).chmod(mode)
    return tmp_path


def test_a_full_disk_changes_nothing(work: Path) -> None:
    before = _tree(work)
    done = subprocess.run([sys.executable, "-c", _LIMITED, str(work)], capture_output=True, text=True)
    assert "File too large" in done.stdout, done.stderr
    assert "every file is as it was before" in done.stdout
    assert _tree(work) == before
    assert sorted(path.name for path in work.iterdir()) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("first", [True, False])
def test_a_target_that_became_a_folder_takes_all_back(work: Path, first: bool) -> None:
    """The plan saw no file there; when the renames come, there is a folder in the way."""
    before = _tree(work)
    (work / "folder").mkdir()
    states: dict[str, State | None] = {"a": State(b"new\n"), "c": None, "n/m": State(b"x"), "e": State(b"x")}
    bad: dict[str, State | None] = {"folder": State(b"x")}
    with pytest.raises(MachineError):
        commit(work, {**bad, **states} if first else {**states, **bad})
    assert _tree(work) == before
    assert sorted(path.name for path in work.iterdir()) == ["a", "b", "c", "d", "folder"]


def test_nothing_is_left_beside_the_files(work: Path) -> None:
    folders = commit(work, {"a": State(b"new\n", 0o640), "c": None, "x/y/z": State(b"z")})
    assert folders == ("x", "x/y")
    assert sorted(path.relative_to(work).as_posix() for path in work.rglob("*") if path.is_file()) == [
        "a",
        "b",
        "d",
        "x/y/z",
    ]
    assert (work / "a").stat().st_mode & 0o777 == 0o640
    assert (work / "x/y/z").stat().st_mode & 0o777 == 0o644


def test_the_owner_stays(work: Path) -> None:
    owner = os.geteuid() or 1234  # only root gives files away
    os.chown(work / "a", owner, -1)
    commit(work, {"a": State(b"new\n")})
    assert (work / "a").stat().st_uid == owner


def test_a_name_that_is_too_long_is_an_error_and_not_a_crash(work: Path) -> None:
    before = _tree(work)
    with pytest.raises(MachineError):
        commit(work, {"a": State(b"new\n"), "n" * 300: State(b"x")})
    assert _tree(work) == before
