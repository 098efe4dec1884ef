"""The visible copy: equal to the workspace, and nothing outside of it is ever touched, whatever the agent makes."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.base import MachineError, UsageError
from loopwright.runtime.workspace.mirror import MARK, Mirror


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "a.txt").write_text("one")
    (folder / "src").mkdir()
    (folder / "src" / "b.c").write_text("two")
    return folder


def listed(folder: Path) -> dict[str, str]:
    """Every file and link below a folder; links by their targets."""
    found = {}
    for above, folders, files in os.walk(folder):
        for name in [*files, *(one for one in folders if Path(above, one).is_symlink())]:
            path = Path(above, name)
            key = path.relative_to(folder).as_posix()
            found[key] = f"-> {path.readlink()}" if path.is_symlink() else path.read_text()
    return {name: text for name, text in found.items() if name != MARK}


def test_the_copy_follows_the_workspace(workspace: Path, tmp_path: Path) -> None:
    mirror = Mirror(workspace, tmp_path / "copy", "t1")
    assert mirror.sync() == 2
    assert mirror.sync() == 0
    (workspace / "a.txt").write_text("three")
    (workspace / "src" / "b.c").unlink()
    (workspace / "src").rmdir()
    (workspace / ".git").mkdir()
    (workspace / ".git" / "config").write_text("x")
    os.mkfifo(workspace / "pipe")
    (workspace / "run").write_text("#!")
    (workspace / "run").chmod(0o755)
    assert mirror.sync() == 3
    assert listed(tmp_path / "copy") == {"a.txt": "three", "run": "#!"}
    assert not (tmp_path / "copy" / "src").exists()
    assert os.access(tmp_path / "copy" / "run", os.X_OK)


def test_files_folders_and_links_take_each_others_places(workspace: Path, tmp_path: Path) -> None:
    mirror = Mirror(workspace, tmp_path / "copy", "t1")
    mirror.sync()
    for make in (_file, _folder, _link, _folder, _file, _link, _file):
        _clear(workspace / "a.txt")
        make(workspace / "a.txt")
        mirror.sync()
        assert listed(tmp_path / "copy") == listed(workspace)


def test_a_link_that_becomes_a_folder_is_not_written_through(workspace: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("safe")
    (workspace / "out").symlink_to(outside)
    mirror = Mirror(workspace, tmp_path / "copy", "t1")
    mirror.sync()
    (workspace / "out").unlink()
    (workspace / "out").mkdir()
    (workspace / "out" / "file").write_text("changed by the agent")
    mirror.sync()
    assert (outside / "file").read_text() == "safe"
    assert (tmp_path / "copy" / "out" / "file").read_text() == "changed by the agent"


def test_a_link_that_somebody_puts_into_the_copy_is_not_followed(workspace: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b.c").write_text("safe")
    mirror = Mirror(workspace, tmp_path / "copy", "t1")
    mirror.sync()
    shutil.rmtree(tmp_path / "copy" / "src")
    (tmp_path / "copy" / "src").symlink_to(outside)
    (workspace / "src" / "b.c").write_text("new and longer")
    mirror.sync()
    assert (outside / "b.c").read_text() == "safe"
    (workspace / "src" / "b.c").unlink()
    shutil.rmtree(tmp_path / "copy" / "src")
    (tmp_path / "copy" / "src").symlink_to(outside)
    mirror.sync()
    assert (outside / "b.c").read_text() == "safe"


def test_links_to_the_root_and_loops_stay_links(workspace: Path, tmp_path: Path) -> None:
    for name, to in (("root", "/"), ("self", "self"), ("up", ".."), ("a", "b"), ("b", "a")):
        (workspace / name).symlink_to(to)
    mirror = Mirror(workspace, tmp_path / "copy", "t1")
    assert mirror.sync() == 7
    assert listed(tmp_path / "copy") == listed(workspace)


def test_folders_of_any_depth_and_long_names(workspace: Path, tmp_path: Path) -> None:
    deep = workspace
    for _ in range(1100):
        deep /= "d"
        deep.mkdir()
    (deep / "end").write_text("x")
    (workspace / ("n" * 255)).write_text("y")
    try:
        Mirror(workspace, tmp_path / "copy", "t1").sync()
        assert (tmp_path / "copy").joinpath(*["d"] * 1100, "end").read_text() == "x"
        assert (tmp_path / "copy" / ("n" * 255)).read_text() == "y"
    finally:  # deeper than what Python itself can remove
        subprocess.run(["rm", "-rf", workspace / "d", tmp_path / "copy"], check=True)


def test_our_mark_is_neither_taken_nor_lost(workspace: Path, tmp_path: Path) -> None:
    (workspace / MARK).write_text("the agent's")
    mirror = Mirror(workspace, tmp_path / "copy", "t1")
    mirror.sync()
    assert (tmp_path / "copy" / MARK).read_text() == "t1\n"
    (workspace / MARK).unlink()
    mirror.sync()
    again = Mirror(workspace, tmp_path / "copy", "t2")
    (tmp_path / "copy" / "left over").write_text("from an earlier run")
    again.sync()
    assert listed(tmp_path / "copy") == listed(workspace)


@pytest.mark.parametrize("place", ["workspace", "workspace/copy", "."])
def test_mirror_and_workspace_may_not_lie_in_one_another(workspace: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / MARK).write_text("t0\n")
    with pytest.raises(UsageError, match="lie in one another"):
        Mirror(workspace, tmp_path / place, "t1")
    assert not (workspace / "copy").exists()


def test_what_is_not_ours_is_left_alone(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis").write_text("x")
    with pytest.raises(UsageError, match="not ours"):
        Mirror(workspace, tmp_path / "mine", "t1")
    assert listed(tmp_path / "mine") == {"thesis": "x"}
    with pytest.raises(UsageError, match="not ours"):
        Mirror(workspace, tmp_path / "mine" / "thesis", "t1")


def test_a_copy_that_cannot_be_written_is_told(workspace: Path, tmp_path: Path) -> None:
    mirror = Mirror(workspace, tmp_path / "copy", "t1")
    shutil.rmtree(tmp_path / "copy")
    with pytest.raises(MachineError, match="cannot be written"):
        mirror.sync()


NAMES = st.sampled_from(["a", "b", "a/x", "a/y", "b/x/y"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(NAMES, st.sampled_from("fdlr")), max_size=12))
def test_whatever_happens_the_copy_is_equal(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]]
) -> None:
    base = tmp_path_factory.mktemp("mirror")
    workspace = base / "w"
    workspace.mkdir()
    mirror = Mirror(workspace, base / "copy", "t")
    for number, (name, what) in enumerate(steps):
        path = workspace / name
        if not path.parent.is_dir() or path.parent.is_symlink():
            continue
        _clear(path)
        {"f": _file, "d": _folder, "l": _link, "r": _clear}[what](path)
        if number % 2:
            mirror.sync()
    mirror.sync()
    assert listed(base / "copy") == listed(workspace)


@pytest.mark.slow
def test_five_thousand_files_are_looked_through_at_once(tmp_path: Path) -> None:
    workspace = tmp_path / "w"
    for number in range(5000):
        folder = workspace / f"d{number % 50}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"f{number}").write_text("x")
    mirror = Mirror(workspace, tmp_path / "copy", "t")
    assert mirror.sync() == 5000
    best = min(_timed(mirror) for _ in range(3))
    assert best < 0.3, f"{best * 1000:.0f} ms"


def _timed(mirror: Mirror) -> float:
    began = time.thread_time()
    assert mirror.sync() == 0
    return time.thread_time() - began


def _file(path: Path) -> None:
    path.write_text("a file")


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "x").write_text("in a folder")


def _link(path: Path) -> None:
    path.symlink_to("/nowhere")


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
