"""What the figures were measured on, and how much of it others used meanwhile."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import time
from pathlib import Path

__all__ = ["Usage", "describe"]

_TICKS = os.sysconf("SC_CLK_TCK")
_IDLE = (3, 4)
"""Columns of /proc/stat that are no work: idle, and idle while waiting for a disk."""


class Usage:
    """How much of all processors programs other than our own children used since this object was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._busy = _busy_seconds()
        self._ours = _children_seconds()

    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def others(self) -> float:
        """The most that others had of all processors, 0 to 1.

        What a benchmark started and nobody waited for, and the kernel's writing back to the disk, count here.
        """
        others = (_busy_seconds() - self._busy) - (_children_seconds() - self._ours)
        return min(max(others / (self.seconds() * (os.cpu_count() or 1)), 0.0), 1.0)


def _busy_seconds() -> float:
    # The first line sums all processors; its ninth and tenth number (guests) are in the first two already.
    words = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    return sum(int(word) for column, word in enumerate(words) if column not in _IDLE) / _TICKS


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def describe() -> str:
    """Say in two lines which machine this is and how busy it is now."""
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [f"{os.cpu_count()} x {_processor()}", f"{memory:.0f} GB", f"Linux {platform.release()}"]
    tools = [f"Python {platform.python_version()}", _version("git"), _version("bwrap")]
    return f"{', '.join(parts)}; {', '.join(filter(None, tools))}\nload before the start (1, 5, 15 minutes): {load}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _version(tool: str) -> str:
    try:
        return subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return f"no {tool}"
