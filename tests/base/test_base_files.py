from __future__ import annotations

from pathlib import Path

import pytest

from loopwright.base import LoopwrightError, MachineError, UsageError, atomic_write


def test_atomic_write_replaces_and_leaves_no_other_file(tmp_path: Path) -> None:
    target = tmp_path / "file"
    atomic_write(target, b"one")
    atomic_write(target, b"two", durable=True)
    assert target.read_bytes() == b"two"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    assert target.stat().st_mode & 0o777 == 0o644


def test_atomic_write_that_fails_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(OSError, match="directory"):
        atomic_write(target, b"x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_errors_say_what_where_and_what_next() -> None:
    error = UsageError("It is wrong.", where="file:3", remedy="Type this.")
    assert str(error) == "file:3: It is wrong. Type this."
    assert (LoopwrightError.exit_code, UsageError.exit_code, MachineError.exit_code) == (1, 2, 3)
