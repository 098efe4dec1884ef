"""Removing what bwrap leaves behind where its maker was killed at the wrong moment.

bwrap's child waits for bwrap before it does anything, and only later ties its life to bwrap's. If we are killed in
between, bwrap dies with us and the child waits for ever: it has run nothing and never will, but it is there. So every
bwrap is started under a name that tells its maker, and the next one of us to start removes what belongs to dead ones.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import signal
from pathlib import Path

from loopwright.sandbox._maker import MAKER, is_dead, maker

__all__ = ["helper_name", "remove_leftovers", "remove_leftovers_once"]

_NAME = re.compile(rf"bwrap-loopwright-{MAKER}\0".encode())


def helper_name() -> str:
    """The `argv[0]` of a helper that we start, which tells its maker.

    Not in its environment: the kernel hides that of a process which waits in a namespace from ordinary users.
    """
    return f"bwrap-loopwright-{maker()}"


def remove_leftovers() -> int:
    """Kill helpers whose maker is dead; returns how many there were. Those of other PID namespaces are let alone."""
    removed = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            found = _NAME.match((entry / "cmdline").read_bytes())
            if found and is_dead(*(word.decode() for word in found.groups())):
                os.kill(int(entry.name), signal.SIGKILL)
                removed += 1
    return removed


@functools.cache
def remove_leftovers_once() -> int:
    """The same, the first time only."""
    return remove_leftovers()
