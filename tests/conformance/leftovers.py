"""What a run has left on the machine: processes, sockets, mounts, temporary files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["leftovers", "processes_of", "sockets_below"]

_SECONDS = 30.0


def leftovers(folder: Path) -> list[str]:
    """What is left of all that ran in `folder`, once it had a moment to end; empty where all is well."""
    return _patiently(lambda: [*_mounts(folder), *(f"process {pid}: {words}" for pid, words in _processes(folder))])


def processes_of(folder: Path) -> dict[int, str]:
    """The processes that have to do with `folder`: by arguments, environment, or what is mounted where they are."""
    return dict(_processes(folder))


def sockets_below(folder: Path) -> list[str]:
    """Sockets that lie below `folder`, relative to it."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_socket())


def _patiently(look: Callable[[], list[str]]) -> list[str]:
    deadline = time.monotonic() + _SECONDS
    while (found := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _processes(folder: Path) -> list[tuple[int, str]]:
    name, found = os.fsencode(folder), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = b"".join((process / file).read_bytes() for file in ("cmdline", "environ", "mountinfo"))
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            continue  # it ended meanwhile, or is the kernel's or somebody else's
        if name in told and int(process.name) != os.getpid():
            found.append((int(process.name), words.decode("utf-8", "replace")[:200]))
    return found


def _mounts(folder: Path) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [f"mount {line}" for line in lines if str(folder) in line]
