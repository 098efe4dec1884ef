"""Long-running programs: streams both ways, the end, and getting rid of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import anyio
import pytest

from loopwright.sandbox import Command, ResourceLimits, Sandbox

Alive = Callable[[], list[int]]


def test_spawn_talks_both_ways(sandbox: Sandbox) -> None:
    async def main() -> None:
        line = "while read word; do echo got $word; done; echo bye >&2; exit 5"
        async with sandbox.spawn(Command(("/bin/sh", "-c", line))) as process:
            for word in (b"one", b"two"):
                await process.stdin.send(word + b"\n")
                assert await process.stdout.receive() == b"got " + word + b"\n"
            await process.stdin.aclose()
            assert await process.stderr.receive() == b"bye\n"
            assert await process.wait() == 5
            assert await process.wait() == 5
            with pytest.raises(anyio.EndOfStream):
                await process.stdout.receive()
            with pytest.raises(anyio.ClosedResourceError):
                await process.stdin.send(b"more")
        with pytest.raises(anyio.ClosedResourceError):
            await process.stdout.receive()

    anyio.run(main)


def test_spawn_passes_much_data_with_back_pressure(sandbox: Sandbox) -> None:
    data = os.urandom(3 << 20)

    async def main() -> bytes:
        back = bytearray()
        async with sandbox.spawn(Command(("cat",))) as process, anyio.create_task_group() as tasks:

            async def feed() -> None:
                await process.stdin.send(data)
                await process.stdin.aclose()

            tasks.start_soon(feed)
            async for chunk in process.stdout:
                back.extend(chunk)
            assert await process.wait() == 0
        return bytes(back)

    assert anyio.run(main) == data


def test_spawn_dies_with_its_context(sandbox: Sandbox, mark: str, alive: Alive) -> None:
    async def main() -> None:
        async with sandbox.spawn(Command(("/bin/sh", "-c", f"setsid sleep {mark} & sleep {mark}"))):
            with anyio.fail_after(30):
                while len(alive()) < 2:  # noqa: ASYNC110 - processes send no events
                    await anyio.sleep(0.01)

    anyio.run(main)
    assert alive() == []


def test_spawn_dies_with_an_error_which_stays_itself(sandbox: Sandbox, mark: str, alive: Alive) -> None:
    async def main() -> None:
        async with sandbox.spawn(Command(("sleep", mark))):
            raise KeyError("ours")

    with pytest.raises(KeyError, match="ours"):
        anyio.run(main)
    assert alive() == []


def test_spawn_is_interrupted_and_killed(sandbox: Sandbox) -> None:
    async def main() -> None:
        line = "trap 'echo interrupted; exit 9' INT; echo ready; while :; do sleep 0.05; done"
        async with sandbox.spawn(Command(("/bin/sh", "-c", line))) as process:
            assert await process.stdout.receive() == b"ready\n"
            process.interrupt()
            assert await process.stdout.receive() == b"interrupted\n"
            assert await process.wait() == 9
            process.interrupt()
        async with sandbox.spawn(Command(("sleep", "60"))) as process:
            process.kill()
            assert await process.wait() == 128 + signal.SIGKILL

    anyio.run(main)


def test_spawn_has_a_time_limit_too(sandbox: Sandbox) -> None:
    async def main() -> int:
        async with sandbox.spawn(Command(("sleep", "60"), limits=ResourceLimits(wall_seconds=0.3))) as process:
            return await process.wait()

    assert anyio.run(main) == 128 + signal.SIGKILL
