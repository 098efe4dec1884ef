"""What environment.py imports: quick, standard library only, and honest about rejection."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from loopwright.harness._places import grading_spec
from loopwright.harness.environment import Completed, rejected


def completed(exit_code: int | None = 1, signal: int | None = None, *, err: bytes = b"x.c:1: error: no") -> Completed:
    return Completed(("cc",), exit_code, signal, exit_code is None and signal is None, b"", err, False, False, 1)


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        (completed(1), True),
        (completed(125), True),
        (completed(0), False),
        (completed(126), False),
        (completed(139), False),
        (completed(None, 11), False),
        (completed(None), False),
        (completed(1, err=b""), False),
        (completed(1, err=b" \n"), False),
        (completed(1, err=b"Traceback (most recent call last):\n  File"), False),
        (completed(101, err=b"thread 'main' panicked at src/main.rs:1:2"), False),
        (completed(2, err=b"panic: runtime error: index out of range\n"), False),
        (completed(1, err=b"x.c:1: error: unknown name 'panic: '"), True),
    ],
)
def test_rejected(done: Completed, expected: bool) -> None:
    assert rejected(done) is expected


def test_how_it_ended() -> None:
    assert completed(3).how_it_ended() == "cc ended with exit code 3"
    assert completed(None, 11).how_it_ended() == "cc was ended by SIGSEGV"
    assert completed(None, 35).how_it_ended() == "cc was ended by signal 35"
    assert completed(None).how_it_ended() == "cc did not end within its time limit"


def loaded(modules: str, library: Path) -> set[str]:
    """What importing `modules` imports, in an interpreter without site packages."""
    program = f"import sys; sys.path.append({str(library)!r}); before = {{*sys.modules}}; import {modules}"
    argv = [sys.executable, "-I", "-S", "-c", f"{program}; print(*{{*sys.modules}} - before)"]
    return {*subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()}


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """The package as the grading sandbox shows it: no more than what is mounted there."""
    for mount in grading_spec(tmp_path, tmp_path).mounts:
        if mount.target.startswith("/loopwright/"):
            shown = tmp_path / mount.target[1:]
            shown.parent.mkdir(parents=True, exist_ok=True)
            shown.symlink_to(mount.source)
    return tmp_path / "loopwright"


def test_it_needs_the_standard_library_alone(library: Path) -> None:
    modules = loaded("loopwright.harness.environment, loopwright.harness._runner, loopwright.sandbox.cell", library)
    assert {each.partition(".")[0] for each in modules} - sys.stdlib_module_names == {"loopwright"}
    assert {each.name for each in (library / "loopwright").iterdir()} == {"base", "harness", "sandbox"}


def test_it_is_quick_to_import(library: Path) -> None:
    """Told by what is imported, for the clock of a busy machine says nothing; 48 modules take 15 ms."""
    modules = loaded("loopwright.harness.environment", library)
    assert len(modules) <= 60, sorted(modules)
    assert not {"ast", "asyncio", "dataclasses", "inspect", "pathlib", "subprocess", "tempfile"} & modules
