"""Cells: quick, limited, and honest about how a program ended; with isolation and without."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from loopwright.sandbox import CellError, CellLimits, CellOutcome, cell_argv, cells_work, run_in_cell

ENV = {"PATH": "/usr/bin:/bin"}


@pytest.fixture(params=[True, False], ids=["isolated", "bare"])
def isolated(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def run(line: str, isolated: bool, stdin: bytes = b"", **limits: float | None) -> CellOutcome:
    whole = CellLimits(**{"wall_seconds": 100.0, **limits})  # type: ignore[arg-type]
    return run_in_cell(["/bin/sh", "-c", line], env=ENV, stdin=stdin, limits=whole, isolated=isolated)


def test_they_work_here() -> None:
    assert cells_work() == ""


def test_output_input_and_code(isolated: bool) -> None:
    outcome = run("cat; echo err >&2; exit 3", isolated, stdin=b"in")
    assert outcome[:5] == (3, None, False, b"in", b"err\n")
    assert 0 < outcome.duration_ms < 60_000


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL, signal.SIGFPE])
def test_signals_are_told_from_codes(isolated: bool, number: int) -> None:
    assert run(f"kill -{int(number)} $$", isolated)[:2] == (None, number)
    assert run(f"exit {128 + number}", isolated)[:2] == (128 + number, None)


def test_a_program_that_is_not_there(isolated: bool) -> None:
    outcome = run_in_cell(["no-such-program"], env=ENV, isolated=isolated)
    assert outcome.exit_code == 127
    assert b"no-such-program" in outcome.stderr


def test_a_missing_workdir_is_our_error(isolated: bool) -> None:
    with pytest.raises(CellError, match="/nowhere"):
        run_in_cell(["true"], workdir="/nowhere", env=ENV, isolated=isolated)


def test_time_limit(isolated: bool) -> None:
    began = time.monotonic()
    outcome = run("sleep 60 & setsid sleep 60 & sleep 60", isolated, wall_seconds=0.4)
    assert outcome[:3] == (None, None, True)
    assert time.monotonic() - began < 50


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.003, 0.006, 0.02])
def test_the_shortest_time_limits(isolated: bool, seconds: float) -> None:
    mark = f"{3000 + os.getpid()}.{time.monotonic_ns()}"
    assert run(f"sleep {mark}", isolated, wall_seconds=seconds).timed_out
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, check=True).stdout.decode("utf-8", "replace")
    assert mark not in shown


def test_limits(isolated: bool) -> None:
    python = [os.path.realpath(sys.executable), "-I", "-S", "-c"]
    hungry = run_in_cell(
        [*python, "bytearray(800 << 20)"],
        env=ENV,
        isolated=isolated,
        limits=CellLimits(wall_seconds=100, memory_bytes=300 << 20),
    )
    assert b"MemoryError" in hungry.stderr
    assert run("while :; do :; done", isolated, cpu_seconds=1).signal == signal.SIGXCPU
    assert run("ulimit -c; ulimit -f", isolated, file_bytes=1 << 20).stdout == b"0\n2048\n"


def test_output_is_capped(isolated: bool) -> None:
    outcome = run("printf start; head -c 50000000 /dev/zero; printf end", isolated, output_bytes=100)
    assert outcome.stdout_bytes == 50_000_008
    assert len(outcome.stdout) == 100
    assert outcome.stdout.startswith(b"start")
    assert outcome.stdout.endswith(b"end")


def test_a_closed_output_does_not_end_it(isolated: bool) -> None:
    assert run("exec >&- 2>&-; sleep 0.2; exit 6", isolated).exit_code == 6


def test_environment_is_whole(isolated: bool) -> None:
    printed = run_in_cell(["/usr/bin/env"], env={"A": "1"}, isolated=isolated).stdout.split()
    assert b"A=1" in printed
    assert {word.split(b"=")[0] for word in printed} <= {b"A", b"PWD", b"LC_CTYPE"}


def test_writable_and_hidden(tmp_path: Path) -> None:
    for name in ("mine", "other", "secret"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
    (tmp_path / "alone").write_text("x")
    line = f"cd {tmp_path}; echo y > mine/file; echo y > other/file; ls secret; cat alone; touch /tmp/x; ls /tmp"
    outcome = run_in_cell(
        ["/bin/sh", "-c", line],
        env=ENV,
        writable=[str(tmp_path / "mine")],
        hidden=[str(tmp_path / "secret"), str(tmp_path / "alone")],
    )
    assert (tmp_path / "mine" / "file").read_text() == "y\n"
    assert (tmp_path / "other" / "file").read_text() == "x"
    assert b"x\n" in outcome.stdout, "a private /tmp"
    assert b"file" not in outcome.stdout


def test_everything_in_folders_under_tmp() -> None:
    assert cell_argv(["true"], writable=["/tmp/case"]).index("/tmp/case") > cell_argv(["true"]).index("/tmp")


def test_many_threads(isolated: bool) -> None:
    outcomes: list[CellOutcome] = []
    threads = [threading.Thread(target=lambda: outcomes.append(run("exit 5", isolated))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.exit_code for outcome in outcomes] == [5] * 8


def test_nothing_is_left(isolated: bool) -> None:
    before, children = len(list(Path("/proc/self/fd").iterdir())), _children()
    for line in ("exit 1", "kill -9 $$", "sleep 20"):
        run(line, isolated, wall_seconds=0.3)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
    assert _children() <= children, "whatever others of this process have started is theirs"


def _children() -> set[int]:
    """Of this process, dead ones that nobody has waited for included."""
    return {child.pid for child in psutil.Process().children()}


def test_importing_needs_nothing_else() -> None:
    source = Path(__file__).parents[2] / "src" / "loopwright"
    program = (
        "import sys, types; package = types.ModuleType('loopwright'); "
        f"package.__path__ = [{str(source)!r}]; sys.modules['loopwright'] = package; "
        "import loopwright.sandbox.cell; "
        "print([name for name in sys.modules if name.split('.')[0] in ('anyio', 'msgspec', 'pathlib', 'asyncio')])"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
