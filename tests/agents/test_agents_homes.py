"""Files in a folder that an agent fills as it likes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from loopwright.agents.homes import find_files, read_file, write_file


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder beside a secret."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("hidden")
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_what_is_written_is_read_again(home: Path) -> None:
    write_file(home, "a/b/c.txt", b"one")
    write_file(home, "a/b/c.txt", b"two")
    assert read_file(home, "a/b/c.txt", 10) == b"two"
    assert find_files(home, "a", ".txt") == ["a/b/c.txt"]
    assert [path.name for path in (home / "a" / "b").iterdir()] == ["c.txt"]


def test_no_link_is_followed_anywhere(home: Path) -> None:
    secret = home.parent / "secret"
    (home / "link").symlink_to(secret / "key")
    (home / "folder").symlink_to(secret)
    assert read_file(home, "link", 100) is None
    assert read_file(home, "folder/key", 100) is None
    assert find_files(home, ".", "") == []
    with pytest.raises(OSError, match=r"folder|Not a directory"):
        write_file(home, "folder/key", b"changed")
    write_file(home, "link", b"mine")
    assert (secret / "key").read_text() == "hidden"
    assert not (home / "link").is_symlink()


@pytest.mark.parametrize("name", ["../secret/key", "/etc/passwd", "", "a/../../secret/key"])
def test_no_name_leads_out(home: Path, name: str) -> None:
    (home / "a").mkdir()
    assert read_file(home, name, 1000) is None
    with pytest.raises(OSError, match="not a path within"):
        write_file(home, name, b"x")


def test_pipes_folders_and_large_files_are_nothing(home: Path) -> None:
    os.mkfifo(home / "pipe")
    (home / "folder").mkdir()
    (home / "large").write_bytes(b"x" * 11)
    assert [read_file(home, name, 10) for name in ("pipe", "folder", "large", "missing")] == [None] * 4
    assert read_file(home, "large", 11) == b"x" * 11
