"""A person at the terminal (or a pipe), who is asked for the next instruction."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from loopwright.base import printable

if TYPE_CHECKING:
    from loopwright.record import Event, RunDir, RunStarted

__all__ = ["LineReader", "Person"]

_CHUNK = 65_536
_MOST_BYTES = 1 << 20


class LineReader:
    """Reads lines from a descriptor without holding up the event loop; reading can be cancelled."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = b""
        self._ended = False

    async def line(self) -> str | None:
        """The next line without its end, bytes that are not UTF-8 replaced; None at the end of the input."""
        while b"\n" not in self._rest and not self._ended and len(self._rest) < _MOST_BYTES:
            await self._wait()
            chunk = os.read(self._descriptor, _CHUNK)
            self._ended = not chunk
            self._rest += chunk
        if not self._rest:
            return None
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")

    async def _wait(self) -> None:
        import anyio

        try:
            await anyio.wait_readable(self._descriptor)
        except OSError:
            return  # a file, which can always be read


class Person:
    """Shows what the agent said last, and reads the next instruction; `silent` shows nothing."""

    def __init__(self, *, silent: bool = False) -> None:
        self._silent = silent
        self._reader = LineReader(sys.stdin.fileno())
        self._rundir: RunDir | None = None
        self._said = ""

    def on_start(self, rundir: RunDir, _: RunStarted) -> None:
        """The run that the person watches."""
        self._rundir = rundir

    def on_event(self, _: int, event: Event) -> None:
        """Remember what the agent says."""
        from loopwright.record import BlobStore, PartAdded

        is_text = isinstance(event, PartAdded) and event.role == "assistant" and event.part_type == "text"
        if is_text and isinstance(event, PartAdded) and event.content is not None and self._rundir is not None:
            self._said = str(BlobStore(self._rundir.blobs_folder).value(event.content))

    async def ask(self) -> str | None:
        """The next line that says something; None at the end of the input."""
        if not self._silent:
            if self._said:
                click.echo(f"\n{printable(self._said)}\n")
            self._said = ""
            click.echo("next instruction (Ctrl-D ends): ", nl=False)
        while True:
            line = await self._reader.line()
            if line is None and not self._silent:
                click.echo("")
            if line is None or line.strip():
                return line
