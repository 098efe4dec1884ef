"""What a failed disk operation means to a person, and writing derived files."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from loopwright.base import MachineError, atomic_write

__all__ = ["check_home", "disk_error", "sync_folder", "write_file"]

_REMEDIES = {
    errno.ENOSPC: "Free some disk space, then go on with `loopwright resume`.",
    errno.EDQUOT: "Free some of your disk quota, then go on with `loopwright resume`.",
    errno.EFBIG: "Raise the file size limit (`ulimit -f unlimited`), then go on with `loopwright resume`.",
    errno.EACCES: "Set LOOPWRIGHT_HOME to a folder that you can write to.",
    errno.EPERM: "Set LOOPWRIGHT_HOME to a folder that you can write to.",
    errno.EROFS: "Set LOOPWRIGHT_HOME to a folder on a disk that is not read-only.",
    errno.ENOTDIR: "Set LOOPWRIGHT_HOME to a folder; a file is in the way here.",
    errno.EEXIST: "Set LOOPWRIGHT_HOME to a folder; a file is in the way here.",
}


def disk_error(error: OSError, doing: str, where: Path) -> MachineError:
    """Turn `error` into one sentence with a remedy, e.g. doing="append to the journal"."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    remedy = _REMEDIES.get(error.errno or 0, "Check the disk, then go on with `loopwright resume`.")
    return MachineError(f"Cannot {doing}: {reason}.", where=str(where), remedy=remedy)


def check_home(home: Path) -> None:
    """Find out whether runs can be kept in `home`, by making a folder there and removing it again.

    Where the home does not exist yet, the nearest folder above it that does is tried. Nothing is left behind.

    Raises:
        MachineError: A folder cannot be made there.
    """
    place = next(folder for folder in (home / "trajectories", home, *home.absolute().parents) if _exists(folder))
    try:
        Path(tempfile.mkdtemp(dir=place, prefix=".check-")).rmdir()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        remedy = _REMEDIES.get(error.errno or 0, "").partition(", then")[0].rstrip(".")
        raise MachineError(
            f"Runs cannot be kept here: {reason}.",
            where=str(home),
            remedy=f"{remedy or 'Set LOOPWRIGHT_HOME to a folder that you can write to'}.",
        ) from error


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False  # what cannot be asked about cannot be written to: the folder above says the same


def write_file(path: Path, data: bytes) -> None:
    """Replace a derived file in one step.

    Raises:
        MachineError: The disk is full or not writable; the old file is unchanged.
    """
    try:
        atomic_write(path, data)
    except OSError as error:
        raise disk_error(error, f"write {path.name}", path) from error


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
