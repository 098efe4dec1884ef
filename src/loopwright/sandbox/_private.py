"""The private folder of one program on the host: removed with it, or, where we were killed, by the next one of us."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path

__all__ = ["PrivateFolder", "remove_abandoned"]

PREFIX = "loopwright-host-"
_GRACE_SECONDS = 10.0  # between making a folder and locking it
_HERE = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class PrivateFolder:
    """A temporary folder that is locked as long as its maker lives.

    Raises:
        OSError: There is no place for it.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = os.open(self.path, _HERE)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def remove(self) -> None:
        """Remove it, with all that is in it."""
        _remove(self.path)
        os.close(self._lock)


def remove_abandoned(grace: float = _GRACE_SECONDS) -> int:
    """Remove our user's folders whose lock nobody holds: their makers were killed; returns how many there were.

    `grace` is in seconds: a younger folder may be about to be locked.
    """
    removed = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # it is locked, or gone by now
            found = folder.lstat()
            if found.st_uid != os.geteuid() or time.time() - found.st_mtime < grace:
                continue
            lock = os.open(folder, _HERE)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
            finally:
                os.close(lock)
            removed += not folder.exists()
    return removed


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
