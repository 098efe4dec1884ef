"""Reading and writing files in an agent's home folder, which the agent fills as it likes.

A link that it put there must not lead us to a file of the host, so no link is followed, at any place of a path.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

__all__ = ["find_files", "has_file", "read_file", "write_file"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_FOUND = 10_000


def has_file(home: Path, name: str) -> bool:
    """Whether there is a regular file `name` (relative to `home`), of any size."""
    try:
        with _folder_of(home, name) as (folder, last):
            return stat.S_ISREG(os.stat(last, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def read_file(home: Path, name: str, most_bytes: int) -> bytes | None:
    """The content of the regular file `name` (relative to `home`), or None where there is none of at most that size."""
    try:
        with _folder_of(home, name) as (folder, last):
            descriptor = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            with os.fdopen(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode) or status.st_size > most_bytes:
                    return None
                data = file.read(most_bytes + 1)
    except OSError:
        return None  # missing, a link, a folder: the same as nothing
    return data if len(data) <= most_bytes else None


def write_file(home: Path, name: str, data: bytes) -> None:
    """Write `name` (relative to `home`) in one step; folders on the way are made.

    Raises:
        OSError: A folder on the way is a link or a file, or the disk is full or not writable.
    """
    with _folder_of(home, name, make=True) as (folder, last):
        new = f".{secrets.token_hex(8)}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(new, flags, 0o644, dir_fd=folder), "wb") as file:
            file.write(data)
        os.rename(new, last, src_dir_fd=folder, dst_dir_fd=folder)


def find_files(home: Path, folder: str, ending: str) -> list[str]:
    """The regular files below `folder` whose names end so, relative to `home`, sorted; no link is followed."""
    found: list[str] = []
    try:
        top = home / folder
        for path, _, names, descriptor in os.fwalk(top, follow_symlinks=False):
            for name in names:
                if name.endswith(ending) and stat.S_ISREG(os.lstat(name, dir_fd=descriptor).st_mode):
                    found.append((Path(path) / name).relative_to(home).as_posix())
            if len(found) > _MOST_FOUND:
                break
    except OSError:
        return sorted(found)  # it changes while we look
    return sorted(found)


@contextmanager
def _folder_of(home: Path, name: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """The open folder that holds `name`, and the last part of the name."""
    parts = PurePosixPath(name).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise OSError(f"not a path within a home folder: {name!r}")
    folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            if make:
                _make(part, folder)
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder, parts[-1]
    finally:
        os.close(folder)


def _make(name: str, folder: int) -> None:
    try:
        os.mkdir(name, 0o700, dir_fd=folder)
    except FileExistsError:
        return
