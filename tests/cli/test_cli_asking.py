"""What a person types, pastes or pipes as the next instruction."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

PROGRAM = """
import anyio, json
from loopwright.cli._asking import Person

async def main():
    person = Person()
    while (said := await person.ask()) is not None:
        print("SAID " + json.dumps(said), flush=True)
    print("OVER", flush=True)

anyio.run(main)
"""
PASTE = "\x1b[200~", "\x1b[201~"


def _said(out: str) -> list[str]:
    lines = [line.split("SAID ", 1)[1] for line in out.splitlines() if "SAID " in line]
    return [json.loads(line) for line in lines]


def _piped(text: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM], input=text.encode(), capture_output=True, check=True)
    assert done.stdout.decode().endswith("OVER\n")
    assert "\x1b" not in done.stdout.decode()
    return _said(done.stdout.decode())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\ntwo\n", ["one", "two"]),
        ("\n \none", ["one"]),
        ("one\\\n  two\\\n\nthree\n", ["one\n  two\n", "three"]),
        ("a path ends in \\\\\nnext\n", ["a path ends in \\\\", "next"]),
        ("cut off\\\n", ["cut off"]),
        ("", []),
    ],
)
def test_a_line_is_an_instruction_unless_a_backslash_goes_on(text: str, expected: list[str]) -> None:
    assert _piped(text) == expected


class Terminal:
    """The program at a terminal, and what it shows."""

    def __init__(self, controller: int) -> None:
        self._controller = controller
        self.shown = ""

    def type(self, text: str, until: str) -> None:
        os.write(self._controller, text.encode())
        self.wait(until)

    def wait(self, until: str) -> None:
        """Read until the text is shown once more."""
        start, ends = len(self.shown), time.monotonic() + 90
        while until not in self.shown[start:]:
            assert time.monotonic() < ends, self.shown
            if select.select([self._controller], [], [], 0.1)[0]:
                self.shown += os.read(self._controller, 65_536).decode()


@contextmanager
def _terminal() -> Iterator[Terminal]:
    controller, end = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=end, stdout=end, stderr=end)
    os.close(end)
    try:
        yield Terminal(controller)
    finally:
        process.kill()
        process.wait()
        os.close(controller)


def test_what_is_pasted_is_one_instruction_and_a_line_that_the_terminal_cuts_is_none() -> None:
    with _terminal() as terminal:
        terminal.wait("Ctrl-D ends): ")
        assert "\x1b[?2004h" in terminal.shown
        terminal.type(f"look: {PASTE[0]}one\n\n  two \\\nthree\\{PASTE[1]}, please\n", "Ctrl-D ends): ")
        terminal.type("typed \\\n", "... ")
        terminal.type("on\n", "Ctrl-D ends): ")
        long = "x" * 3000 + "\n" + "y" * 5000
        terminal.type(f"{PASTE[0]}{long}\nrm -r .{PASTE[1]}\n", "Ctrl-D ends): ")
        assert "Again, in shorter lines." in terminal.shown
        terminal.type("\x04", "OVER")
        assert terminal.shown.rindex("\x1b[?2004l") < terminal.shown.index("OVER")
        assert "^[[200~" not in terminal.shown
    assert _said(terminal.shown) == ["look: one\n\n  two \\\nthree\\, please", "typed \non"]
