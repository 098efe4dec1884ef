"""What environment.py imports: quick, standard library only, and honest about rejection."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from loopwright.harness.environment import Completed, rejected

SOURCE = Path(__file__).parents[2] / "src" / "loopwright"


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


def start(code: str, library: Path) -> float:
    began = time.perf_counter()
    program = f"import sys; sys.path.append({str(library)!r}); {code}"
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True)
    return time.perf_counter() - began


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """The package as the grading sandbox sees it: these two folders, and no `loopwright/__init__.py`."""
    (tmp_path / "loopwright").mkdir()
    for name in ("harness", "sandbox"):
        (tmp_path / "loopwright" / name).symlink_to(SOURCE / name)
    return tmp_path


def test_it_needs_the_standard_library_alone(library: Path) -> None:
    names = "import loopwright.harness.environment, loopwright.harness._runner, loopwright.sandbox.cell; import sys; "
    start(names + "assert not {'msgspec', 'anyio', 'pydantic'} & set(sys.modules), sys.modules", library)


def test_it_is_imported_in_30_ms(library: Path) -> None:
    pairs = [(start("pass", library), start("import loopwright.harness.environment", library)) for _ in range(9)]
    # The best of nine: the machine is shared, the promise is about the code.
    assert min(pair[1] for pair in pairs) - min(pair[0] for pair in pairs) < 0.030
