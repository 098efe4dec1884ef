"""Run one program and leave nothing of it behind; a program of its own, standard library only.

Used where there is no PID namespace to do it: `python -I -S guard.py SETTINGS ARGV...`. The guard adopts every orphan
below it (PR_SET_CHILD_SUBREAPER), so a child that leaves its session or forks twice is still found. When the program
ends, when the guard gets SIGTERM, or when its parent dies, it kills all descendants, and ends. Descriptor 2 is its
report (see `_ending.py`), 7 the program's standard error.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import resource
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36
_STDERR, _GATE = 7, 8
_PATIENCE = 10.0


class _Told(BaseException):
    """SIGTERM: the caller, or the kernel when the caller died, wants the end."""


def _end(*_: object) -> None:
    raise _Told


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - pathlib costs 9 ms
            with open(f"/proc/{pid}/task/{task}/children") as file:  # noqa: PTH123
                found += [int(word) for word in file.read().split()]
    return found


def _descendants() -> list[int]:
    found, queue = [], _children(os.getpid())
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += _children(pid)
    return found


def _kill_descendants() -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        alive = _descendants()
        # Stopped first, so that none can fork while others are being killed.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in alive:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
        try:
            while os.waitpid(-1, os.WNOHANG if alive else 0)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.001)


def _limit(limits: list[tuple[int, int]]) -> None:
    for kind, value in limits:
        _, hard = resource.getrlimit(kind)
        top = value + 1 if kind == resource.RLIMIT_CPU else value
        top = top if hard == resource.RLIM_INFINITY else min(top, hard)
        resource.setrlimit(kind, (min(value, top), top))


def _become(settings: dict[str, Any], argv: list[str]) -> None:
    """In the child: turn into the program, once the gate is open."""
    os.setsid()
    report, gate = fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, 64), fcntl.fcntl(_GATE, fcntl.F_DUPFD_CLOEXEC, 64)
    try:
        os.chdir(str(settings["workdir"]))
    except OSError as error:
        os.write(report, f"{settings['workdir']}: {error.strerror}\n".encode())
        os._exit(125)
    os.dup2(_STDERR, 2)
    os.closerange(3, 64)
    for number in (signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    for path in settings["groups"]:
        with open(path, "w") as file:  # noqa: PTH123
            file.write("0")
    _limit(settings["limits"])
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.write(report, b"ok\n")
    if not os.read(gate, 1):
        os._exit(125)  # whoever started us is dead
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
        os._exit(127 if error.errno in (errno.ENOENT, errno.ENOTDIR) else 126)


def main() -> int:
    """Run the program of the command line; exits with its code, or 128 + N after signal N."""
    settings, argv = json.loads(sys.argv[1]), sys.argv[2:]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    parent = os.getppid()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    signal.signal(signal.SIGTERM, _end)
    libc.prctl(_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    code = 137
    try:
        child = os.fork()
        if child == 0:
            _become(settings, argv)
        for descriptor in (0, 1, _STDERR, _GATE):
            os.close(descriptor)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        if os.getppid() != parent:
            raise _Told
        code = os.waitstatus_to_exitcode(_await(child))
        if code < 0:
            os.write(2, b"signal\n")
            code = 128 - code
        os.write(2, b"end\n")
    except _Told:
        pass
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _kill_descendants()
    return code


def _await(child: int) -> int:
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            return status


if __name__ == "__main__":
    os._exit(main())
