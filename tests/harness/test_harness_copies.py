"""The fresh copy that is graded."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from loopwright.harness._copies import copy_folder, remove_outputs, scratch_folder


def tree(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_folder_is_copied_without_what_must_not_be_graded(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "sub" / ".git").mkdir(parents=True)
    (source / ".git").mkdir()
    (source / "build").mkdir()
    for name in (".git/HEAD", "sub/.git/kept", "a.c", "a.o", "sub/b.o", "build/x", "sub/c"):
        (source / name).write_text(name)
    (source / "a.c").chmod(0o755)
    (source / "link").symlink_to("/etc/passwd")
    os.mkfifo(source / "pipe")
    copy_folder(source, tmp_path / "copy", ["*.o", "build/"])
    assert tree(tmp_path / "copy") == ["a.c", "link", "sub", "sub/.git", "sub/.git/kept", "sub/c"]
    assert (tmp_path / "copy" / "link").is_symlink()
    assert os.access(tmp_path / "copy" / "a.c", os.X_OK)


def test_outputs_are_removed_and_links_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    workspace = tmp_path / "workspace"
    for folder in (outside, workspace / "target" / "deep"):
        folder.mkdir(parents=True)
    for path in (outside / "kept", workspace / "cc", workspace / "main.c", workspace / "target" / "x"):
        path.write_text("x")
    (workspace / "out").symlink_to(outside)
    remove_outputs(workspace, ["cc", "target", "out", "none*"])
    assert tree(workspace) == ["main.c"]
    assert tree(outside) == ["kept"]


@pytest.mark.anyio
async def test_the_scratch_folder_goes_whatever_happens() -> None:
    seen: list[Path] = []

    async def fail_in_it() -> None:
        async with scratch_folder() as folder:
            seen.append(folder)
            (folder / "a" / "b").mkdir(parents=True)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_in_it()
    assert not seen[0].exists()


@pytest.mark.anyio
async def test_the_scratch_folder_of_a_killed_process_goes_at_the_next_grade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead, young = tmp_path / "loopwright-grade-dead", tmp_path / "loopwright-grade-young"
    for folder in (dead, young):
        (folder / "workspace").mkdir(parents=True)
    async with scratch_folder() as alive:
        for folder in (dead, alive):
            os.utime(folder, (1, 1))
        async with scratch_folder() as other:
            assert (dead.exists(), young.exists(), alive.exists(), other.exists()) == (False, True, True, True)


@pytest.mark.parametrize("mode", [0o000, 0o500, 0o400])
def test_a_folder_without_permissions_goes_too(tmp_path: Path, mode: int) -> None:
    from loopwright.harness._copies import _remove

    folder = tmp_path / "scratch"
    (folder / "locked" / "inner").mkdir(parents=True)
    (folder / "locked" / "inner" / "file").write_text("x")
    (folder / "locked" / "link").symlink_to(tmp_path)
    (folder / "locked" / "inner").chmod(mode)
    (folder / "locked").chmod(mode)
    assert run_unprivileged(tmp_path, lambda: _remove(Path("scratch"))) == 0
    assert not folder.exists()


def run_unprivileged(folder: Path, body: object) -> int:
    """Call `body` in a child that is not root, for whom permissions hold; gives its exit code."""
    assert callable(body)
    if os.getuid() == 0:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, 65534, 65534, follow_symlinks=False)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.chdir(folder)  # first: above it only root may pass
            if os.getuid() == 0:
                os.setuid(65534)
            body()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_outputs_behind_a_link_are_never_touched(tmp_path: Path) -> None:
    workspace, outside = tmp_path / "workspace", tmp_path / "outside"
    workspace.mkdir()
    outside.mkdir()
    (outside / "precious").write_text("x")
    (workspace / "build").symlink_to(outside)
    (workspace / "real").mkdir()
    (workspace / "real" / "old.o").write_text("x")
    (workspace / "real" / "link").symlink_to(outside / "precious")
    remove_outputs(workspace, ["build/*", "real/*", "../outside/*", "*/../*"])
    assert (outside / "precious").read_text() == "x"
    assert list((workspace / "real").iterdir()) == []
    remove_outputs(workspace, ["build"])
    assert not (workspace / "build").is_symlink()
    assert (outside / "precious").exists()
