"""Control groups, version 1 or 2, for memory and numbers of processes; used where this user may make them.

Names are `loopwright-<pid of the maker>-<number>`, so that what a killed maker left can be told and removed.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import secrets
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from loopwright.sandbox._look import exists
from loopwright.sandbox._rlimits import bounded
from loopwright.sandbox.protocol import ResourceLimits

__all__ = ["Cgroup", "Support", "make_cgroup", "support"]

_PREFIX = "loopwright"
_CONTROLLERS = ("memory", "pids")
# The reporting shell is counted too.
_OWN_PROCESSES = 1
# The kernel refuses more than its largest process id (4,194,304 and one).
_MOST_TASKS = 4_194_303
_GRACE_SECONDS = 60.0
# A process that had our number before us, or has it in another PID namespace, may have left groups here.
_numbers = itertools.count(secrets.randbits(40))


@dataclass(frozen=True)
class Support:
    """Which controllers we may use: their version (0 is none) and the folder to make groups in."""

    version: int
    parents: dict[str, Path]

    def __str__(self) -> str:
        return f"cgroup v{self.version} {' and '.join(self.parents)}" if self.parents else "no cgroup"


class Cgroup:
    """One group: a folder in each hierarchy, which `remove` removes."""

    def __init__(self, folders: list[Path]) -> None:
        self.folders = folders

    @property
    def members(self) -> list[str]:
        """The files that take the id of a process that is to be moved in (0 for the writer's own)."""
        return [str(folder / "cgroup.procs") for folder in self.folders]

    def add(self, pid: int) -> None:
        """Move a process in; what it starts from now on is in it too.

        Raises:
            ProcessLookupError: It is gone.
        """
        for path in self.members:
            Path(path).write_text(str(pid))

    def kill(self) -> None:
        """SIGKILL what is in it."""
        for folder in self.folders:
            with contextlib.suppress(OSError):
                for word in (folder / "cgroup.procs").read_text().split():
                    with contextlib.suppress(OSError):
                        os.kill(int(word), signal.SIGKILL)

    def try_remove(self) -> bool:
        """Remove it where it is empty; True when it is gone."""
        left: list[Path] = []
        for folder in self.folders:
            try:
                folder.rmdir()
            except FileNotFoundError:
                continue
            except OSError:
                left.append(folder)
        self.folders = left
        return not left


def make_cgroup(limits: ResourceLimits) -> Cgroup | None:
    """Make a group with these limits; None where there is no support or nothing to limit.

    Raises:
        OSError: The kernel refused, though `support` found that it works.
    """
    found = support()
    wanted = {"memory": limits.memory_bytes, "pids": limits.processes}
    folders: dict[Path, None] = {}
    name = f"{_PREFIX}-{os.getpid()}-{next(_numbers)}"
    group = Cgroup([])
    try:
        for controller, parent in found.parents.items():
            value = wanted[controller]
            if value is None:
                continue
            folder = parent / name
            if folder not in folders:
                folder.mkdir()
                folders[folder] = None
                group.folders.append(folder)
            _limit(folder, controller, value, found.version)
    except OSError:
        group.try_remove()
        raise
    return group if group.folders else None


def _limit(folder: Path, controller: str, value: int, version: int) -> None:
    if controller == "pids":
        (folder / "pids.max").write_text(str(bounded(value, _MOST_TASKS) + _OWN_PROCESSES))
    elif version == 2:
        (folder / "memory.max").write_text(str(bounded(value)))
        with contextlib.suppress(OSError):  # there may be no swap accounting
            (folder / "memory.swap.max").write_text("0")
    else:
        (folder / "memory.limit_in_bytes").write_text(str(bounded(value)))
        with contextlib.suppress(OSError):
            (folder / "memory.memsw.limit_in_bytes").write_text(str(bounded(value)))


@functools.cache
def support() -> Support:
    """Find out what this user may do, by doing it. Also removes empty groups of makers that are dead."""
    for candidate in _candidates():
        if candidate.parents:
            _sweep(candidate)
            if _works(candidate):
                return candidate
    return Support(0, {})


def _candidates() -> list[Support]:
    own = _own_groups()
    found: list[Support] = []
    for mount in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
        if exists(f"{mount}/cgroup.controllers"):
            mine = Path(mount + own.get("", "/"))
            for parent in (mine.parent, mine, Path(mount)):
                usable = _words(parent / "cgroup.subtree_control")
                if parent.is_relative_to(mount) and set(_CONTROLLERS) <= usable:
                    found.append(Support(2, dict.fromkeys(_CONTROLLERS, parent)))
    parents: dict[str, Path] = {}
    for controller in _CONTROLLERS:
        for parent in (
            Path(f"/sys/fs/cgroup/{controller}{own.get(controller, '/')}"),
            Path("/sys/fs/cgroup", controller),
        ):
            if exists(parent / "cgroup.procs") and os.access(parent, os.W_OK):
                parents.setdefault(controller, parent)
    found.append(Support(1, parents))
    found += [Support(1, {name: parent}) for name, parent in parents.items()]
    return found


def _own_groups() -> dict[str, str]:
    groups: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            groups.update(dict.fromkeys(controllers.split(","), path))
    return groups


def _words(path: Path) -> set[str]:
    try:
        return set(path.read_text().split())
    except OSError:
        return set()


def _works(candidate: Support) -> bool:
    group = Cgroup([])
    try:
        for parent in dict.fromkeys(candidate.parents.values()):
            folder = parent / f"{_PREFIX}-{os.getpid()}-probe{next(_numbers)}"
            folder.mkdir()
            group.folders.append(folder)
        for controller, parent in candidate.parents.items():
            folder = next(each for each in group.folders if each.parent == parent)
            _limit(folder, controller, 1 << 30 if controller == "memory" else 100, candidate.version)
        with subprocess.Popen(["/bin/sh", "-c", "read gate"], stdin=subprocess.PIPE) as process:
            group.add(process.pid)
        return True
    except OSError:
        return False
    finally:
        for _ in range(100):
            if group.try_remove():
                break
            time.sleep(0.01)


def _groups_near(parent: Path) -> list[Path]:
    """Groups of any maker, also beside our own group: the maker may have run in another session's."""
    found: list[Path] = []
    for place in (parent, *parent.parent.glob("*")):
        with contextlib.suppress(OSError):  # it goes away while it is looked into
            found += place.glob(f"{_PREFIX}-*")
    return list(dict.fromkeys(found))


def _sweep(candidate: Support) -> None:
    for parent in dict.fromkeys(candidate.parents.values()):
        for folder in _groups_near(parent):
            maker = folder.name.split("-")[1]
            if maker.isdigit() and not exists(f"/proc/{maker}"):
                with contextlib.suppress(OSError):
                    # A maker in another PID namespace looks dead from here, and has a group that is empty for a moment.
                    if time.time() - folder.stat().st_mtime > _GRACE_SECONDS:
                        folder.rmdir()
