"""Which folder of the picture each watch belongs to, and what to do where watching is not possible."""

from __future__ import annotations

import errno

from loopwright.checkpoint._trees import Folder
from loopwright.checkpoint._watch import Watch
from loopwright.checkpoint.ignore import MARKERS

__all__ = ["Dirty", "Watches", "mark"]

Dirty = dict[Folder, set[bytes]]
"""Names to be looked at, by the folder that they are in."""

_LIMITS = frozenset((errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOSYS, errno.ENOMEM))


def mark(dirty: Dirty, folder: Folder, names: set[bytes]) -> None:
    """Note names to be looked at."""
    dirty.setdefault(folder, set()).update(names)


class Watches:
    """The watches of a workspace. `on` is False where every file has to be compared; `note` then says why."""

    def __init__(self, wanted: bool) -> None:
        self._folders: dict[int, Folder] = {}
        self._watch: Watch | None = None
        self.note = "" if wanted else "watching was switched off"
        if wanted:
            self._start()

    @property
    def on(self) -> bool:
        """Whether the kernel reports changes."""
        return self._watch is not None

    def _start(self) -> None:
        try:
            self._watch = Watch()
        except (OSError, ImportError) as error:
            self.note = f"the system gives no file watcher ({error}); every file is compared instead"

    def add(self, folder: Folder, handle: int) -> None:
        """Watch an open folder. Where the limit is reached, watching ends altogether."""
        if self._watch is None:
            return
        try:
            number = self._watch.add(handle)
        except OSError as error:
            if error.errno not in _LIMITS:
                return
            self.stop()
            self.note = (
                "the system's limit of file watches is reached (raise it with "
                "`sysctl fs.inotify.max_user_watches=524288`); every file is compared instead"
            )
            return
        if folder.watch != number:
            self.remove(folder)
            folder.watch = number
        self._folders[number] = folder

    def remove(self, folder: Folder) -> None:
        """Stop watching a folder, unless another folder of the picture has taken its watch over (a rename)."""
        number, folder.watch = folder.watch, None
        if number is None or self._folders.get(number) is not folder:
            return
        del self._folders[number]
        if self._watch is not None:
            self._watch.remove(number)

    def drain(self) -> Dirty | None:
        """What changed since the last call, or None where every file has to be compared."""
        if self._watch is None:
            return None
        drained = self._watch.drain()
        for number in drained.gone:
            lost = self._folders.pop(number, None)
            if lost is not None and lost.watch == number:
                lost.watch = None
        if drained.overflow:
            return None
        dirty: Dirty = {}
        for number, names in drained.changed.items():
            folder = self._folders.get(number)
            if folder is not None:
                _spread(dirty, folder, names)
        return dirty

    def stop(self) -> None:
        """Give everything back to the kernel."""
        if self._watch is not None:
            self._watch.close()
        self._watch = None
        self._folders.clear()


def _spread(dirty: Dirty, folder: Folder, names: set[bytes]) -> None:
    """A marker file decides over the folder around it; in an ignored folder nothing else counts."""
    if folder.parent is not None and names & MARKERS:
        mark(dirty, folder.parent, {folder.name})
    if not folder.ignored:
        mark(dirty, folder, names)
