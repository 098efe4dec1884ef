"""Looking at paths that may lie where this user may not look: what cannot be reached is not there.

pathlib's own questions raise PermissionError for a path below a folder without the right to search it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["entries", "exists", "home_folder", "is_dir", "is_link", "is_socket", "is_usable_dir"]


def exists(path: Path | str) -> bool:
    """Whether there is something at a path, as far as we can tell; links are followed."""
    return os.path.exists(path)  # noqa: PTH110 - see above


def is_dir(path: Path | str) -> bool:
    """Whether there is a folder at a path; links are followed."""
    return os.path.isdir(path)  # noqa: PTH112


def is_usable_dir(path: Path | str) -> bool:
    """Whether there is a folder at a path from which this user can open files."""
    return is_dir(path) and os.access(path, os.X_OK)


def is_link(path: Path | str) -> bool:
    """Whether there is a symbolic link at a path."""
    return os.path.islink(path)  # noqa: PTH114


def is_socket(path: Path | str) -> bool:
    """Whether there is a unix socket at a path."""
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return False


def entries(folder: Path) -> list[Path]:
    """What is in a folder, sorted; nothing where it cannot be listed."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def home_folder() -> Path:
    """The home folder of this user; a path that does not exist where the user has none."""
    found = os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises where there is no entry for the user
    return Path(found if found.startswith("/") else "/nonexistent")
