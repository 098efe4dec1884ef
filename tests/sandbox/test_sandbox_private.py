"""Temporary folders of ours: none is left, even of a maker that was killed, and nothing ever in the home folder."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from loopwright.sandbox._private import PrivateFolder, remove_abandoned, remove_abandoned_once
from loopwright.sandbox._probing import try_backend
from loopwright.sandbox.bwrap import BwrapSandbox
from loopwright.sandbox.host import HostSandbox

_MAKER = "from loopwright.sandbox._private import PrivateFolder; print(PrivateFolder().path, flush=True); input()"
_PROBER = """
from loopwright.sandbox import _probing
def hang(*_):
    print("inside", flush=True)
    input()
_probing.run_now = hang
_probing.try_backend("bwrap", lambda spec: None)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made, also by processes that are started."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr(tempfile, "tempdir", None)
    remove_abandoned_once.cache_clear()
    return place


def test_the_next_one_removes_what_a_killed_maker_left_and_nothing_else(place: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _MAKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as maker:
        assert maker.stdout is not None
        left = Path(maker.stdout.readline().decode().strip())
        (left / "home" / "closed").mkdir(parents=True)
        (left / "home" / "closed" / "file").touch()
        (left / "home" / "closed").chmod(0o500)
        assert remove_abandoned(grace=0) == 0, "its maker lives"
        maker.kill()
    ours, other = PrivateFolder(), place / "loopwright-other"
    other.mkdir()
    assert remove_abandoned() == 1, "its name says that its maker is dead"
    assert set(place.iterdir()) == {ours.path, other}
    ours.remove()
    assert list(place.iterdir()) == [other]


def test_the_name_of_another_pid_namespace_says_nothing_so_the_lock_does(place: Path) -> None:
    ours = PrivateFolder("probe")
    _, kind, namespace, *_ = ours.path.name.split("-")
    foreign = place / f"loopwright-{kind}-{int(namespace) + 1}-1-1-x"
    foreign.mkdir()
    assert remove_abandoned() == 0, "it is young: its maker may be about to lock it"
    lock = os.open(foreign, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert remove_abandoned(grace=0) == 0, "its maker lives, somewhere"
    os.close(lock)
    assert remove_abandoned(grace=0) == 1
    assert list(place.iterdir()) == [ours.path]
    ours.remove()


def test_a_number_that_is_used_again_does_not_keep_a_folder(place: Path) -> None:
    ours = PrivateFolder()
    _, kind, namespace, pid, started, _ = ours.path.name.split("-", 5)
    (place / f"loopwright-{kind}-{namespace}-{pid}-{int(started) - 1}-x").mkdir()
    assert remove_abandoned() == 1
    assert list(place.iterdir()) == [ours.path]
    ours.remove()


def test_a_probe_that_is_killed_leaves_nothing_that_the_next_one_does_not_remove(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    with subprocess.Popen([sys.executable, "-c", _PROBER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as prober:
        assert prober.stdout is not None
        assert prober.stdout.readline() == b"inside\n"
        prober.kill()
    assert len(list(place.iterdir())) == 1
    assert try_backend("bwrap", BwrapSandbox).works
    assert list(home.iterdir()) == []
    assert list(place.iterdir()) == []


def test_a_backend_that_shows_the_home_folder_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = try_backend("leaky", HostSandbox)
    assert not found.works
    assert "the home folder can be seen" in found.detail


def test_a_link_with_such_a_name_is_not_followed(place: Path) -> None:
    kept = place / "kept"
    kept.mkdir()
    (place / "loopwright-host-link").symlink_to(kept)
    assert remove_abandoned(grace=0) == 0
    assert kept.exists()
