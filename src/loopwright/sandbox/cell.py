"""Cells: one untrusted program each, started from inside a sandbox that was made with `nested=True`.

Standard library only and quick to import, because the test runner inside that sandbox uses it. A cell is bwrap once
more: a PID, network and IPC namespace of its own, the whole view read-only but for its writable folders, hidden
folders empty, and a time limit after which nothing of it is left.

How a cell gets its /proc: the kernel lets an unprivileged namespace mount a new procfs only where one is fully visible
already, and only as writable as that one. The outer sandbox keeps a read-only one under a mount that nobody inside can
lift (see `_view.py`), so bwrap's own `--proc`, which is writable, is refused; instead the cell's first process keeps
CAP_SYS_ADMIN over the cell's own mounts, mounts procfs read-only and drops every capability before it starts the
program. Read-only matters: for root on the host, /proc/sys would otherwise be writable from inside.
"""

from __future__ import annotations

import functools
import os
import time

from loopwright.sandbox._cell_io import Watch
from loopwright.sandbox._cell_types import DEFAULT_LIMITS, CellError, CellLimits, CellOutcome
from loopwright.sandbox._ending import GATE, INFO, REPORTING_SCRIPT, SECCOMP, STDERR
from loopwright.sandbox._seccomp import filter_program
from loopwright.sandbox._spawn import Files, anonymous_file, find_tool, start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CellError", "CellLimits", "CellOutcome", "cell_argv", "cells_work", "run_in_cell"]

_MOUNT_PROC = "mount -n -i -t proc -o ro,nosuid,nodev,noexec proc /proc"
_DROP = ("--no-new-privs", "--ambient-caps=-all", "--inh-caps=-all", "--bounding-set=-all")


def cell_argv(
    argv: Sequence[str],
    *,
    writable: Sequence[str] = (),
    hidden: Sequence[str] = (),
    readonly_root: bool = True,
    workdir: str = "/",
    env: Mapping[str, str] | None = None,
    limits: CellLimits = DEFAULT_LIMITS,
) -> list[str]:
    """Build the command that runs `argv` in a cell.

    It expects descriptors as `_ending.py` lists them and a line on the gate; `run_in_cell` provides them, and sets the
    limits.

    Args:
        argv: The program; `argv[0]` is looked up on the PATH of `env`.
        writable: Existing absolute folders or files that stay writable.
        hidden: Existing absolute folders (shown empty) or files (shown empty); `writable` ones inside are still shown.
        readonly_root: Whether all else is read-only.
        workdir: Where the program starts.
        env: Its whole environment.

    Raises:
        CellError: A tool that cells need is missing.
    """
    command = [*_tool("bwrap"), "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc"]
    command += ["--uid", str(os.getuid()), "--gid", str(os.getgid()), "--die-with-parent", "--new-session"]
    command += ["--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN", "--cap-add", "CAP_SETPCAP"]
    command += ["--ro-bind" if readonly_root else "--bind", "/", "/", "--dev-bind", "/dev", "/dev"]
    size = ["--size", str(limits.temp_bytes)] if limits.temp_bytes else []
    command += [*size, "--tmpfs", "/dev/shm", *size, "--tmpfs", "/tmp"]
    command += _cover(hidden, writable)
    command += ["--info-fd", str(INFO), *(["--seccomp", str(SECCOMP)] if _filter() else [])]
    command += ["--chdir", workdir, "--clearenv"]
    for name, value in (env or {}).items():
        command += ["--setenv", name, value]
    mount = _tool("mount")[0] + _MOUNT_PROC.removeprefix("mount")
    script = f"{mount} || {{ exit 125; }}; {REPORTING_SCRIPT}"
    command += ["--", "/bin/sh", "-c", script, "sh", *_tool("setpriv"), *_DROP, "--"]
    return [*command, *argv]


def _cover(hidden: Sequence[str], writable: Sequence[str]) -> list[str]:
    options: list[str] = []
    folders = [path for path in hidden if os.path.isdir(path)]  # noqa: PTH112 - pathlib costs 9 ms to import
    for path in hidden:
        options += ["--tmpfs", path] if path in folders else ["--ro-bind", "/dev/null", path]
    for path in writable:
        options += ["--bind", path, path]
    for path in folders:
        options += ["--remount-ro", path]
    return options


@functools.cache
def _tool(name: str) -> tuple[str]:
    path = find_tool(name)
    if path is None:
        raise CellError(f"{name} is not installed here")
    return (path,)


@functools.cache
def _filter() -> bytes:
    return filter_program(namespaces=False)


def run_in_cell(
    argv: Sequence[str],
    *,
    writable: Sequence[str] = (),
    hidden: Sequence[str] = (),
    readonly_root: bool = True,
    workdir: str = "/",
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    limits: CellLimits = DEFAULT_LIMITS,
    isolated: bool = True,
) -> CellOutcome:
    """Run a program to its end in a cell and say how it ended; nothing that it started is alive afterwards.

    Blocks the calling thread, which must stay alive (the kernel ties the cell's life to it). See `cell_argv` for the
    arguments. With `isolated=False` (no sandbox around us) there are only limits and the kill of all descendants;
    `writable`, `hidden` and `readonly_root` have no effect then.

    Raises:
        CellError: The cell itself could not be made. Never for what the program does.
    """
    if isolated:
        command = cell_argv(
            argv,
            writable=writable,
            hidden=hidden,
            readonly_root=readonly_root,
            workdir=workdir,
            env=env,
            limits=limits,
        )
    else:
        from loopwright.sandbox._guarded import guard_argv

        command = guard_argv(argv, workdir=workdir, limits=limits)
    return _run(command, {} if isolated else dict(env or {}), stdin, limits, isolated)


def _run(command: list[str], env: Mapping[str, str], stdin: bytes, limits: CellLimits, isolated: bool) -> CellOutcome:
    began = time.monotonic()
    files = Files()
    try:
        out, out_end = files.pipe()
        err, err_end = files.pipe()
        status, status_end = files.pipe()
        info, info_end = files.pipe()
        gate_end, gate = files.gate()
        given = {
            0: files.own(anonymous_file(stdin)),
            1: out_end,
            2: status_end,
            STDERR: err_end,
            INFO: info_end,
            GATE: gate_end,
        }
        if isolated and _filter():
            given[SECCOMP] = files.own(anonymous_file(_filter()))
        try:
            pid = start(command, env, given)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise CellError(f"{command[0]} cannot be started: {reason}") from error
        files.close(*given.values())
        with Watch(pid, (out, err, status, info), gate, limits, isolated=isolated) as watch:
            watch.until_ended(began)
            return watch.ending(began)
    finally:
        files.close()


def cells_work() -> str:
    """Find out whether cells can be made here, by making one: empty if so, else the reason in one line."""
    try:
        outcome = run_in_cell(["/bin/sh", "-c", "exit 7"], limits=CellLimits(wall_seconds=20.0))
    except CellError as error:
        return str(error)
    return "" if outcome.exit_code == 7 else f"a cell that should exit with 7 ended with {outcome.exit_code}"
