"""Keys of providers, taken out of reach of the programs that a run starts.

Without isolation an agent may read `/proc/PID/environ` of ours: the block of memory in which the kernel put our first
environment, which no `unsetenv` touches. `hold_keys` moves the keys into this process's own memory and blanks them
there. It also makes the process non-dumpable, so that no other process of the same user may look into its memory
(prctl(2), PR_SET_DUMPABLE). Against a program that runs as root only the first of the two helps, and not for long:
root reads any memory. A sandbox keeps agents away from both.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path

import msgspec

from loopwright.base import MachineError
from loopwright.gateway._providers import OWN_KEY, PROVIDERS

__all__ = ["hold_keys", "host_environ"]

_KEYS = (OWN_KEY, *(provider.key_variable for provider in PROVIDERS.values()))
_PASSED_ON = "LOOPWRIGHT_KEYS_FD"
_PR_SET_DUMPABLE = 4
# Of /proc/self/stat, counted from 0 after the name in parentheses: env_start and env_end, fields 50 and 51 of proc(5).
_ENV_START, _ENV_END = 47, 48
_held: dict[str, str] = {}


def host_environ() -> Mapping[str, str]:
    """The environment of this process, with the keys that were taken out of it; one that was set since goes first."""
    return ChainMap(dict(os.environ), _held)


def hold_keys() -> None:
    """Move the keys of all providers from the environment into private memory, and blank them where they were.

    Call it first thing in a process that will start agents. `os.environ`, what children inherit and
    `/proc/self/environ` hold no key afterwards; `ModelSpec.parse` and `Gateway` still find them. Where the block cannot
    be blanked, the process starts itself again without the variables, and gets them through a memory file.

    Raises:
        MachineError: The keys are still there after that.
    """
    again = _take_passed_on()
    found = {name: os.environ[name] for name in _KEYS if os.environ.get(name)}
    _held.update(found)
    if not _held:
        return
    secrets = [value.encode("utf-8", "surrogateescape") for value in _held.values()]
    for name in [name for name, value in os.environ.items() if name in _KEYS or value in found.values()]:
        del os.environ[name]
    _blank(secrets)
    if any(secret in _first_environment() for secret in secrets):
        if again:
            raise MachineError(
                "The provider's key cannot be taken out of the environment of this process.",
                where="/proc/self/environ",
                remedy="Use a sandbox that hides processes: `--sandbox bwrap`.",
            )
        _start_again()
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _first_environment() -> bytes:
    try:
        return Path("/proc/self/environ").read_bytes()
    except OSError:
        return b""  # nobody else can read it either: without procfs, or where this process is not dumpable already


def _blank(secrets: list[bytes]) -> None:
    """Overwrite every secret in the block that the kernel shows as our environment."""
    try:
        fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        start, end = int(fields[_ENV_START]), int(fields[_ENV_END])
    except (OSError, IndexError, ValueError):
        return
    if not 0 < start < end:
        return
    block = ctypes.string_at(start, end - start)
    for secret in secrets:
        at = block.find(b"=" + secret + b"\0")
        while at >= 0:
            ctypes.memset(start + at + 1, 0, len(secret))
            at = block.find(b"=" + secret + b"\0", at + 1)


def _start_again() -> None:
    handle = os.memfd_create("loopwright-keys", 0)
    os.write(handle, msgspec.json.encode(_held))
    os.lseek(handle, 0, os.SEEK_SET)
    os.set_inheritable(handle, True)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, sys.orig_argv, {**os.environ, _PASSED_ON: str(handle)})


def _take_passed_on() -> bool:
    """Whether this process is one that was started again; takes its keys over then."""
    number = os.environ.pop(_PASSED_ON, "")
    if not number.isdigit():
        return False
    with os.fdopen(int(number), "rb") as file:
        _held.update(msgspec.json.decode(file.read(), type=dict[str, str]))
    return True
