"""A person at the terminal (or a pipe), who is asked for the next instruction."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from loopwright.base import printable

if TYPE_CHECKING:
    from loopwright.record import Event, RunDir, RunStarted

__all__ = ["LineReader", "Person"]

_CHUNK = 65_536
_MOST_BYTES = 1 << 20
# What a terminal writes around a pasted text where it was asked to (xterm's "bracketed paste").
_PASTE_BEGINS, _PASTE_ENDS = "\x1b[200~", "\x1b[201~"
# Linux passes at most so many bytes of a line that is typed or pasted, and drops the rest without a word.
_LONGEST_TYPED = 4095
_ASKED = "next instruction (\\ at the end of a line goes on; Ctrl-D ends): "


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
        both = sys.stdin.isatty() and sys.stdout.isatty() and not silent
        self._terminal = sys.stdin.fileno() if both else None
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
        """The next instruction that says something; None at the end of the input."""
        if not self._silent and self._said:
            click.echo(f"\n{printable(self._said)}\n")
        self._said = ""
        with _pasting(self._terminal):
            while True:
                self._show(_ASKED)
                text = await self._instruction()
                if text is None:
                    self._show("\n")
                if text is None or text.strip():
                    return text

    async def _instruction(self) -> str | None:
        """One instruction: a line, those that a backslash joins to it, and all that was pasted with it."""
        lines: list[str] = []
        pasting = cut = False
        while (line := await self._reader.line()) is not None:
            cut = cut or (self._terminal is not None and len(line.encode()) >= _LONGEST_TYPED)
            pasting = line.rfind(_PASTE_BEGINS) > line.rfind(_PASTE_ENDS) or (pasting and _PASTE_ENDS not in line)
            goes_on = not pasting and (len(line) - len(line.rstrip("\\"))) % 2 == 1
            text = line.replace(_PASTE_BEGINS, "").replace(_PASTE_ENDS, "")
            lines.append(text[:-1] if goes_on else text)
            if not (pasting or goes_on):
                break
            if goes_on:
                self._show("... ")
        if cut:
            self._show("A line was longer than a terminal passes on, and its end is lost. Again, in shorter lines.\n")
            return ""
        return "\n".join(lines) if lines else None

    def _show(self, text: str) -> None:
        if not self._silent:
            click.echo(text, nl=False)


@contextmanager
def _pasting(terminal: int | None) -> Iterator[None]:
    """Let the terminal mark what is pasted, without showing the marks."""
    if terminal is None:
        yield
        return
    import termios

    before = termios.tcgetattr(terminal)
    quiet = [*before[:3], before[3] & ~termios.ECHOCTL, *before[4:]]
    termios.tcsetattr(terminal, termios.TCSADRAIN, quiet)
    click.echo("\x1b[?2004h", nl=False)
    try:
        yield
    finally:
        click.echo("\x1b[?2004l", nl=False)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
