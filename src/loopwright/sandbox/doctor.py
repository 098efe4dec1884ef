"""What this machine offers for isolation, and how to get more."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from pathlib import Path

from loopwright.base import LoopwrightError
from loopwright.sandbox._cgroup import support
from loopwright.sandbox._look import exists
from loopwright.sandbox._private import private_folder
from loopwright.sandbox._probing import run_now
from loopwright.sandbox._seccomp import filter_program
from loopwright.sandbox.protocol import Command, Mount, Probe, SandboxSpec
from loopwright.sandbox.registry import backends, open_sandbox, probe

__all__ = ["facts"]

_CREATE_RULESET = 444
_VERSION_FLAG = 1


def facts() -> list[Probe]:
    """Every backend's probe, then what else matters here; each that is not as good as it could be says what to do.

    For facts that are no backend, `backend` is the subject: `nested`, `cgroup`, `seccomp`, `landlock`, `docker`,
    `podman`, `user`.
    """
    return [
        *(probe(name) for name in backends()),
        _nested(),
        _cgroup(),
        _seccomp(),
        _landlock(),
        *(_engine(name) for name in ("docker", "podman")),
        _user(),
    ]


def _nested() -> Probe:
    if not probe("bwrap").works:
        return Probe("nested", False, "", "needs bwrap", probe("bwrap").remedy)
    package = Path(__file__).parents[1]
    with private_folder("probe") as folder:
        mounts = (Mount(folder, "/workspace"), Mount(package, "/run/loopwright/package/loopwright"))
        sandbox = open_sandbox("bwrap", SandboxSpec(mounts=mounts, nested=True))
        code = (
            "import sys; sys.path.insert(0, '/run/loopwright/package'); "
            "from loopwright.sandbox.cell import cells_work; sys.exit(cells_work() or 0)"
        )
        try:
            outcome = run_now(sandbox, Command((os.path.realpath(sys.executable), "-I", "-S", "-c", code)))
        except LoopwrightError as error:
            return Probe("nested", False, "", error.what, error.remedy or "")
    if outcome.exit_code == 0:
        return Probe("nested", True, "every tested program gets a cell of its own")
    reason = outcome.stderr[-300:].decode("utf-8", "replace").strip()
    return Probe("nested", False, "", reason, "Install util-linux (mount, setpriv, prlimit) and see `bwrap` above.")


def _cgroup() -> Probe:
    found = support()
    if set(found.parents) == {"memory", "pids"}:
        return Probe("cgroup", True, str(found), ", ".join(str(path) for path in found.parents.values()))
    remedy = (
        "Start it under systemd with its own groups: `systemd-run --user --scope -p Delegate=yes loopwright ...`; "
        "until then memory is limited per process (RLIMIT_AS)."
    )
    return Probe("cgroup", False, str(found), "memory and numbers of processes are limited per process", remedy)


def _seccomp() -> Probe:
    if filter_program(namespaces=False):
        return Probe("seccomp", True, "key rings, bpf, io_uring, terminal input and the like are closed")
    return Probe("seccomp", False, "", f"no filter for {os.uname().machine}", "Use x86_64 or aarch64.")


def _landlock() -> Probe:
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)
    if version > 0:
        return Probe("landlock", True, f"Landlock ABI {version}", "not used: bwrap hides more")
    remedy = "Not needed. Boot with `lsm=landlock,...` (Linux 5.13 or later) to have it."
    return Probe("landlock", False, "no Landlock", os.strerror(ctypes.get_errno()), remedy)


def _engine(name: str) -> Probe:
    path = shutil.which(name)
    if path is None:
        return Probe(name, False, f"no {name}", "", f"Not needed. Install {name} to use container images.")
    sockets = ("/var/run/docker.sock", f"/run/user/{os.getuid()}/docker.sock")
    if name == "docker" and not any(exists(each) for each in sockets):
        return Probe(
            name, False, path, "its engine does not run", "Not needed. Start the engine to use container images."
        )
    return Probe(name, True, path)


def _user() -> Probe:
    if os.geteuid() != 0:
        return Probe("user", True, "an ordinary user")
    remedy = "Run as an ordinary user: then even a hole in the sandbox does not lead to root."
    return Probe("user", False, "root", "programs inside have root's user id, without its powers", remedy)
