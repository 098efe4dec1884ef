"""Say in a person's words why the machine could not keep a checkpoint."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loopwright.base import MachineError

__all__ = ["speaking"]

_REASONS = {
    errno.ENOSPC: ("The disk is full; the last checkpoint is intact.", "Free some space and resume the run."),
    errno.EDQUOT: ("The disk quota is used up; the last checkpoint is intact.", "Free some space and resume the run."),
    errno.EROFS: ("The disk is read-only.", "Mount it writable, or choose another {place}."),
    errno.EACCES: ("The folder may not be written.", "Change its owner or mode, or choose another {place}."),
    errno.EPERM: ("The folder may not be written.", "Change its owner or mode, or choose another {place}."),
    errno.ENOTDIR: ("A file is where a folder is needed.", "Move it away, or choose another {place}."),
    errno.EEXIST: ("A file is where a folder is needed.", "Move it away, or choose another {place}."),
    errno.EMFILE: ("Too many files are open.", "Raise the limit with `ulimit -n 4096`."),
    errno.ENFILE: ("Too many files are open on this machine.", "Raise the limit `fs.file-max`."),
    errno.EIO: ("The disk reports an error.", "Check it with `dmesg`; the last checkpoint that was kept is intact."),
}


@contextmanager
def speaking(where: Path, place: str = "LOOPWRIGHT_HOME") -> Iterator[None]:
    """Turn an OSError inside the block into a MachineError about `where`, where we know what to advise.

    `place` is what a person could choose another one of.
    """
    try:
        yield
    except OSError as error:
        what, remedy = _REASONS.get(error.errno or 0, (f"The system refused: {error.strerror or error}.", None))
        raise MachineError(what, where=str(where), remedy=remedy and remedy.format(place=place)) from error
