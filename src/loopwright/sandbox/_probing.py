"""Trying a backend out: a program inside looks around and says what it sees."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio

from loopwright.base import LoopwrightError
from loopwright.sandbox._cgroup import support
from loopwright.sandbox._look import home_folder
from loopwright.sandbox._private import private_folder, remove_abandoned_once
from loopwright.sandbox._remedies import remedy_for
from loopwright.sandbox._seccomp import filter_program
from loopwright.sandbox.protocol import Command, Mount, Outcome, Probe, ResourceLimits, Sandbox, SandboxSpec

__all__ = ["run_now", "try_backend"]

_SECONDS = 30.0
# Prints one word for each way in which the host can be seen; "end" proves that all was looked at. It makes no files:
# where it was killed, they would stay.
_LOOK = """
[ "$(stat -c %d:%i "$1" 2>/dev/null)" = "$2" ] && echo home
[ "$(ls /proc | grep -c '^[0-9]')" -gt 8 ] && echo processes
[ "$(sed 1,2d /proc/net/dev | grep -vc ' lo:')" -gt 0 ] && echo network
[ -w /usr ] && echo files
echo end
"""
_MEANING = {
    "home": "the home folder can be seen",
    "processes": "the host's processes can be seen",
    "network": "there is a network",
    "files": "system folders can be written",
}


def run_now(sandbox: Sandbox, command: Command) -> Outcome:
    """Run a command from code that is not asynchronous, whether or not an event loop runs in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: anyio.run(sandbox.run, command)).result()


def try_backend(name: str, factory: Callable[[SandboxSpec], Sandbox]) -> Probe:
    """Run a program in the backend and report; never raises for what is missing on this machine."""
    remove_abandoned_once()
    with private_folder("probe") as folder:
        spec = SandboxSpec(mounts=(Mount(folder, "/workspace", writable=True),))
        command = Command(("/bin/sh", "-c", _LOOK, "sh", *_home()), limits=ResourceLimits(wall_seconds=_SECONDS))
        try:
            outcome = run_now(factory(spec), command)
        except LoopwrightError as error:
            known = bool(error.remedy) and "doctor" not in str(error.remedy)
            return Probe(name, False, "", error.what, str(error.remedy) if known else remedy_for(error.what))
    seen = outcome.stdout.decode("utf-8", "replace").split()
    if seen[-1:] != ["end"]:
        detail = f"a program inside ended with {outcome.exit_code}: {outcome.stderr[-300:].decode('utf-8', 'replace')}"
        return Probe(name, False, "", detail, remedy_for(detail))
    return _judge(name, seen[:-1])


def _judge(name: str, leaks: list[str]) -> Probe:
    if name == "host":
        return Probe(name, True, f"host: no isolation; {support()}", "limits and an allow-listed environment only")
    if leaks:
        detail = f"{', '.join(_MEANING.get(leak, leak) for leak in leaks)} inside"
        return Probe(name, False, "", detail, remedy_for(detail))
    if name != "bwrap":
        return Probe(name, True, f"{name} (plug-in): the home folder, processes and network of the host are hidden")
    from loopwright.sandbox.bwrap import features

    memory = str(support()) if "memory" in support().parents else f"{support()}; memory by RLIMIT_AS"
    calls = "; system call filter" if filter_program(namespaces=False) else ""
    line = f"bwrap {features().version}: user, pid, net, mount, ipc, uts namespaces; {memory}{calls}"
    return Probe(name, True, line, _doubts())


def _doubts() -> str:
    if os.geteuid() == 0:
        return "runs as root: programs inside are root's too, without its powers; an ordinary user is safer"
    return ""


def _home() -> tuple[str, str]:
    """The home folder, and the device and number that tell it from another folder at its path."""
    for path in (home_folder(), Path("/home")):
        with contextlib.suppress(OSError):
            found = path.stat()
            return str(path), f"{found.st_dev}:{found.st_ino}"
    return "/home", "none"
