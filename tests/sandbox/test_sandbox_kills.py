"""We are killed at random moments of starting and running sandboxes: nothing of them survives."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from loopwright.sandbox import bwrap
from loopwright.sandbox._leftovers import helper_name, remove_leftovers

ROUNDS = 40
PROGRAM = textwrap.dedent("""
    import sys, anyio
    from pathlib import Path
    from loopwright.sandbox import *
    backend, workspace, mark = sys.argv[1:]
    sandbox = open_sandbox(backend, SandboxSpec(mounts=(Mount(Path(workspace), "/workspace", writable=True),)))
    print("ready", flush=True)
    async def main():
        while True:
            await sandbox.run(Command(("/bin/sh", "-c", f"setsid sleep {mark} & sleep 0.05"),
                                      limits=ResourceLimits(wall_seconds=5)))
    anyio.run(main)
""")


def survivors(mark: str) -> list[str]:
    lines = subprocess.run(
        ["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [line for line in lines if mark in line]


@pytest.mark.kill
@pytest.mark.slow
@pytest.mark.parametrize("backend", ["bwrap", "host"])
def test_nothing_survives_us_at_any_moment(backend: str, tmp_path: Path) -> None:
    chance = random.Random(20)
    for number in range(ROUNDS):
        mark = f"{4000 + os.getpid()}.{number}{time.monotonic_ns()}"
        argv = [sys.executable, "-c", PROGRAM, backend, str(tmp_path), mark]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)}) as ours:
            assert ours.stdout is not None
            assert ours.stdout.readline() == b"ready\n"
            time.sleep(chance.random() * 0.25)
            ours.kill()
        # A helper that was just being started when we died still comes up, finds its gate closed, and goes.
        deadline, quiet = time.monotonic() + 20, 0
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
        program = bwrap.features().path
        with subprocess.Popen([name, *argv], executable=program, pass_fds=[read]) as helper:
            while len(survivors(mark)) < 2:
                time.sleep(0.01)
            helper.kill()

    try:
        left_by(helper_name())
        remove_leftovers()
        assert len(survivors(mark)) == 1, "its maker is alive: hands off"
        left_by(f"bwrap-loopwright-{os.getpid()}-1")  # another process, which had our number before us
        assert remove_leftovers() >= 1
        deadline = time.monotonic() + 10
        while len(survivors(mark)) > 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(survivors(mark)) == 1
    finally:
        for line in survivors(mark):
            os.kill(int(line.split()[0]), 9)
        os.close(read)
        os.close(write)
