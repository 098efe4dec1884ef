"""Private folders of programs on the host: none is left, even of a maker that was killed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from loopwright.sandbox._private import PrivateFolder, remove_abandoned

_MAKER = "from loopwright.sandbox._private import PrivateFolder; print(PrivateFolder().path, flush=True); input()"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made, also by processes that are started."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


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
    assert remove_abandoned() == 0, "it is young: its maker may be about to lock it"
    assert remove_abandoned(grace=0) == 1
    assert set(place.iterdir()) == {ours.path, other}
    ours.remove()
    assert list(place.iterdir()) == [other]


def test_a_link_with_such_a_name_is_not_followed(place: Path) -> None:
    kept = place / "kept"
    kept.mkdir()
    (place / "loopwright-host-link").symlink_to(kept)
    assert remove_abandoned(grace=0) == 0
    assert kept.exists()
