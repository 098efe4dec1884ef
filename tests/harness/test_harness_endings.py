"""What a grade leaves behind: nothing, however it ends; and what of it a test can reach: nothing either."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import psutil
import pytest

from loopwright.harness import Grader, load_task

MakeTask = Callable[..., Path]
MakeWorkspace = Callable[..., Path]
pytestmark = pytest.mark.anyio


@pytest.fixture
def private_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """So that a test can see that nothing is left there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


async def test_the_runner_is_sealed_even_from_what_a_test_starts_itself(
    make_task: MakeTask, make_workspace: MakeWorkspace
) -> None:
    code = """
import os, subprocess
from loopwright.harness.environment import *
s = suite("s")
@s.test("look")
def look():
    look = f"cd /proc/{os.getppid()}/fd; for fd in $(seq 0 20); do readlink $fd; echo forged > $fd; done"
    look += "; cat ../environ; readlink /proc/self/fd/0"
    done = subprocess.run(["sh", "-c", look], capture_output=True, text=True)
    fail("looked", actual=done.stdout)
"""
    grader = Grader(load_task(make_task(code)), backend="bwrap", cache=None)
    (case,) = (await grader.grade_folder(make_workspace({}))).cases
    assert (case.status, case.actual) == ("failed", "/dev/null\n")


async def test_a_test_that_times_out_takes_its_cell_with_it(make_task: MakeTask, make_workspace: MakeWorkspace) -> None:
    code = """
from contextlib import suppress
from pathlib import Path
from loopwright.harness.environment import *
s = suite("s")
@s.test("hangs", timeout=1)
def hangs():
    run(["sh", "-c", "trap '' TERM; setsid sleep 4321 & sleep 4321"], timeout=100)
@s.test("looks")
def looks():
    words = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            words += path.read_bytes().split(b"\\0")
    assert len(words) > 1
    assert b"4321" not in words
"""
    grader = Grader(load_task(make_task(code)), backend="bwrap", cache=None, parallel=1)
    began = time.monotonic()
    grade = await grader.grade_folder(make_workspace({}))
    assert time.monotonic() - began < 60
    assert [case.status for case in grade.cases] == ["timeout", "passed"]


async def test_cancelling_leaves_nothing(
    make_task: MakeTask, make_workspace: MakeWorkspace, private_temporary_folder: Path
) -> None:
    mark = f"1{os.getpid()}{time.monotonic_ns() % 10**6}"
    code = f"""
from loopwright.harness.environment import *
s = suite("s")
@s.test("quick")
def quick(): pass
@s.test("{{n}}", params=[{{"n": n}} for n in range(4)])
def hang(n): run(["sh", "-c", "trap '' TERM; setsid sleep {mark} & sleep {mark}"], timeout=100)
"""
    task = load_task(make_task(code))
    grader = Grader(task, backend="bwrap", cache=None, parallel=3)
    started = anyio.Event()
    async with anyio.create_task_group() as group:

        async def grade() -> None:
            await grader.grade_folder(make_workspace({}), on_case=lambda case: started.set())

        group.start_soon(grade)
        await started.wait()
        while not sleeping(mark):  # noqa: ASYNC110 - other processes send no event
            await anyio.sleep(0.02)
        group.cancel_scope.cancel()
    assert sleeping(mark) == []
    assert list(private_temporary_folder.iterdir()) == []


def sleeping(mark: str) -> list[int]:
    return [process.pid for process in psutil.process_iter(["cmdline"]) if mark in (process.info["cmdline"] or [])]
