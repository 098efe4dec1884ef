"""What both backends do with a started tree: collect a command's output, or hand out a process's streams."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio
import anyio.lowlevel
from anyio.abc import ByteReceiveStream, ByteSendStream

from loopwright.sandbox._rlimits import bounded_seconds
from loopwright.sandbox._spawn import HeadTail, read_ready
from loopwright.sandbox._tree import Launch, TooLong, Tree, open_tree
from loopwright.sandbox.protocol import Command, Outcome

__all__ = ["FdReader", "FdWriter", "TreeProcess", "collect", "open_process"]

_LAST_BYTES = 4 << 20


async def collect(launch: Launch, command: Command, on_output: Callable[[bytes], None] | None) -> Outcome:
    """Run a tree to its end. See `Sandbox.run`. Arguments of any length end as they do in a shell: exit code 126."""
    try:
        return await _collect(launch, command, on_output)
    except TooLong as error:
        words = f"{command.argv[0][:80]!r}: {error.what}\n".encode()
        if on_output is not None:
            on_output(words)
        return Outcome(126, None, False, b"", words, 0, len(words), 0)


async def _collect(launch: Launch, command: Command, on_output: Callable[[bytes], None] | None) -> Outcome:
    began = time.monotonic()
    kept = command.limits.output_bytes
    out, err = HeadTail(kept), HeadTail(kept)

    def take(sink: HeadTail, data: bytes) -> None:
        sink.add(data)
        if on_output is not None and data:
            on_output(data)

    async def pump(descriptor: int, sink: HeadTail) -> None:
        while True:
            await anyio.wait_readable(descriptor)
            for data in read_ready(descriptor):
                if not data:
                    return
                take(sink, data)

    with anyio.move_on_after(bounded_seconds(command.limits.wall_seconds)) as limit:
        async with open_tree(launch) as tree:
            try:
                with _plain_errors():
                    async with anyio.create_task_group() as tasks:
                        tasks.start_soon(pump, tree.stdout, out)
                        tasks.start_soon(pump, tree.stderr, err)
                        await tree.ended()
                        tasks.cancel_scope.cancel()
            finally:
                # Also orphans die before the rest is read, so that no pipe stays open and nobody adds to it.
                with anyio.CancelScope(shield=True):
                    await tree.dead()
            for descriptor, sink in ((tree.stdout, out), (tree.stderr, err)):
                for data in read_ready(descriptor, _LAST_BYTES):
                    take(sink, data)
    timed_out = limit.cancelled_caught
    code, number = (None, None) if timed_out else tree.ending()
    duration = round((time.monotonic() - began) * 1000)
    return Outcome(code, number, timed_out, out.value(), err.value(), out.total, err.total, duration)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Raise an error as it was, not as the only member of a task group's group."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        raise error from None


class FdReader(ByteReceiveStream):
    """Bytes from a non-blocking descriptor that somebody else closes."""

    def __init__(self, tree: Tree, descriptor: int) -> None:
        self._tree = tree
        self._descriptor = descriptor
        self._closed = False

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """The next bytes, at least one.

        Raises:
            anyio.EndOfStream: There are no more.
        """
        await anyio.lowlevel.checkpoint()
        while True:
            if self._closed or not self._tree.is_open:
                raise anyio.ClosedResourceError
            try:
                data = os.read(self._descriptor, max_bytes)
            except BlockingIOError:
                await anyio.wait_readable(self._descriptor)
                continue
            if not data:
                raise anyio.EndOfStream
            return data

    async def aclose(self) -> None:
        """Stop reading; the program may still write until the tree is closed."""
        self._closed = True
        await anyio.lowlevel.checkpoint()


class FdWriter(ByteSendStream):
    """Bytes into a non-blocking descriptor. `aclose` tells the program that there is no more."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    async def send(self, item: bytes) -> None:
        """Write all of it.

        Raises:
            anyio.BrokenResourceError: The program reads no more.
        """
        await anyio.lowlevel.checkpoint()
        view = memoryview(item)
        while view:
            if self._tree.stdin < 0 or not self._tree.is_open:
                raise anyio.ClosedResourceError
            try:
                view = view[os.write(self._tree.stdin, view) :]
            except BlockingIOError:
                await anyio.wait_writable(self._tree.stdin)
            except BrokenPipeError:
                raise anyio.BrokenResourceError from None

    async def aclose(self) -> None:
        """Close the program's standard input."""
        self._tree.close_stdin()
        await anyio.lowlevel.checkpoint()


class TreeProcess:
    """A `Process` over a tree."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.stdin: ByteSendStream = FdWriter(tree)
        self.stdout: ByteReceiveStream = FdReader(tree, tree.stdout)
        self.stderr: ByteReceiveStream = FdReader(tree, tree.stderr)

    async def wait(self) -> int:
        """The exit code; 128 + N where signal N ended it."""
        await self._tree.ended()
        code, number = self._tree.ending()
        return code if code is not None else 128 + (number or 0)

    def interrupt(self) -> None:
        """Send SIGINT to the program."""
        self._tree.interrupt()

    def kill(self) -> None:
        """SIGKILL the whole tree."""
        self._tree.kill()


@asynccontextmanager
async def open_process(launch: Launch, command: Command) -> AsyncIterator[TreeProcess]:
    """Start a long-running program. See `Sandbox.spawn`."""
    async with open_tree(launch) as tree:

        async def end_in_time(seconds: float) -> None:
            await anyio.sleep(seconds)
            tree.kill()

        with _plain_errors():
            async with anyio.create_task_group() as tasks:
                if (seconds := bounded_seconds(command.limits.wall_seconds)) is not None:
                    tasks.start_soon(end_in_time, seconds)
                yield TreeProcess(tree)
                tasks.cancel_scope.cancel()
