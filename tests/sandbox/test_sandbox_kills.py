"""We are killed at random moments of starting and running sandboxes: nothing of them survives."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import suppress
from pathlib import Path

import pytest

from loopwright.sandbox import bwrap
from loopwright.sandbox._leftovers import helper_name, remove_leftovers

ROUNDS, AT_ONCE = 10, 4
# Forked from one process, so that a round does not cost the start of an interpreter.
PROGRAM = textwrap.dedent("""
    import os, sys, anyio
    from pathlib import Path
    from loopwright.sandbox import *
    backend, workspace, *marks = sys.argv[1:]
    spec = SandboxSpec(mounts=(Mount(Path(workspace), "/workspace", writable=True),))
    async def work(sandbox, mark):
        while True:
            await sandbox.run(Command(("/bin/sh", "-c", f"setsid sleep {mark} & sleep 0.05"),
                                      limits=ResourceLimits(wall_seconds=5)))
    for mark in marks:
        if not os.fork():
            sandbox = open_sandbox(backend, spec)
            os.write(1, b"%d\\n" % os.getpid())
            anyio.run(work, sandbox, mark)
    for mark in marks:
        os.wait()
""")


def survivors(mark: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            if mark in words:
                found.append(f"{process.name} {words}")
    return found


@pytest.mark.kill
@pytest.mark.slow
@pytest.mark.parametrize("backend", ["bwrap", "host"])
def test_nothing_survives_us_at_any_moment(backend: str, tmp_path: Path) -> None:
    chance = random.Random(20)
    for number in range(ROUNDS):
        mark = f"{4000 + os.getpid()}.{number}{time.monotonic_ns()}"
        argv = [sys.executable, "-c", PROGRAM, backend, str(tmp_path), *(f"{mark}{one}" for one in range(AT_ONCE))]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)}) as maker:
            assert maker.stdout is not None
            ours = [int(maker.stdout.readline()) for _ in range(AT_ONCE)]
            began = time.monotonic()
            for moment, pid in sorted((chance.random() * 0.25, pid) for pid in ours):
                time.sleep(max(0.0, began + moment - time.monotonic()))
                os.kill(pid, signal.SIGKILL)
        # A helper that was just being started when we died still comes up, finds its gate closed, and goes.
        deadline, quiet = time.monotonic() + 60, 0
        while quiet < 4 and time.monotonic() < deadline:
            time.sleep(0.03)
            remove_leftovers()  # as the next one of us does when it starts: see there what bwrap may leave
            quiet = 0 if survivors(mark) else quiet + 1
        assert survivors(mark) == []


def test_what_bwrap_leaves_of_a_dead_maker_is_removed() -> None:
    mark = f"{5000 + os.getpid()}.{time.monotonic_ns()}"
    read, write = os.pipe()
    argv = ["--unshare-all", "--die-with-parent", "--ro-bind", "/", "/"]
    argv += ["--block-fd", str(read), "sleep", mark]

    def left_by(name: str) -> None:
        program, before = bwrap.features().path, len(survivors(mark))
        with subprocess.Popen([name, *argv], executable=program, pass_fds=[read]) as helper:
            while len(survivors(mark)) < before + 2:
                time.sleep(0.01)
            helper.kill()

    _, _, namespace, pid, started = helper_name().split("-")
    try:
        left_by(helper_name())
        remove_leftovers()
        assert len(survivors(mark)) == 1, "its maker is alive: hands off"
        left_by(f"bwrap-loopwright-{int(namespace) + 1}-999999999-1")  # of a container, which counts for itself
        remove_leftovers()
        assert len(survivors(mark)) == 2, "its maker may be alive"
        left_by(f"bwrap-loopwright-{namespace}-{pid}-{int(started) - 1}")  # another process, which had our number
        remove_leftovers()  # or another of us, which just begins elsewhere on this machine
        deadline = time.monotonic() + 30
        while len(survivors(mark)) > 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(survivors(mark)) == 2
    finally:
        for line in survivors(mark):
            os.kill(int(line.split()[0]), 9)
        os.close(read)
        os.close(write)
