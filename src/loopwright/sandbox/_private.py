"""Temporary folders of ours: removed by their maker, or, where that was killed, by the next one of us.

A folder's name tells its maker, and its lock whether that lives: the name is enough in our own PID namespace, the
lock holds between containers that share a temporary folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loopwright.sandbox._maker import MAKER, is_dead, maker

__all__ = ["PrivateFolder", "private_folder", "remove_abandoned", "remove_abandoned_once"]

_KINDS = ("host", "probe")
_NAME = re.compile(rf"loopwright-(?:{'|'.join(_KINDS)})-{MAKER}-")
_GRACE_SECONDS = 10.0  # between making a folder and locking it
_HERE = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class PrivateFolder:
    """A temporary folder that is locked as long as its maker lives; `kind` is what it is for, one of `_KINDS`.

    Raises:
        OSError: There is no place for it.
    """

    def __init__(self, kind: str = "host") -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"loopwright-{kind}-{maker()}-"))
        self._lock = os.open(self.path, _HERE)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def remove(self) -> None:
        """Remove it, with all that is in it."""
        _remove(self.path)
        os.close(self._lock)


@contextmanager
def private_folder(kind: str) -> Iterator[Path]:
    """A `PrivateFolder` as long as the context is open.

    Raises:
        OSError: There is no place for it.
    """
    folder = PrivateFolder(kind)
    try:
        yield folder.path
    finally:
        folder.remove()


def remove_abandoned(grace: float = _GRACE_SECONDS) -> int:
    """Remove our user's folders whose makers were killed; returns how many there were.

    `grace` is in seconds: where only the lock can tell, a younger folder may be about to be locked.
    """
    removed = 0
    for kind in _KINDS:
        for folder in Path(tempfile.gettempdir()).glob(f"loopwright-{kind}-*"):
            with contextlib.suppress(OSError):  # it is locked, or gone by now
                removed += _remove_if_abandoned(folder, grace)
    return removed


@functools.cache
def remove_abandoned_once() -> int:
    """The same, the first time only."""
    return remove_abandoned()


def _remove_if_abandoned(folder: Path, grace: float) -> bool:
    found, named = folder.lstat(), _NAME.match(folder.name)
    dead = is_dead(*named.groups()) if named else None
    young = dead is None and time.time() - found.st_mtime < grace
    if dead is False or young or found.st_uid != os.geteuid():
        return False
    lock = os.open(folder, _HERE)
    try:
        # A helper of the maker that is not dead yet may hold it.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(folder)
    finally:
        os.close(lock)
    return not folder.exists()


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        return
    # A program took permissions from its folders (caches of packages do that); they are ours, so we take them back.
    for inner, names, _ in os.walk(folder):
        for name in names:
            path = os.path.join(inner, name)  # noqa: PTH118 - os.walk gives strings
            if not os.path.islink(path):  # noqa: PTH114
                with contextlib.suppress(OSError):
                    os.chmod(path, stat.S_IRWXU)  # noqa: PTH101
    shutil.rmtree(folder, ignore_errors=True)
