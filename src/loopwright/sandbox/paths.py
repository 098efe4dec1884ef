"""Translating between paths of the host and paths inside, as the mounts of a spec show them."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from loopwright.sandbox.protocol import Mount

__all__ = ["host_path", "inside_path"]


def host_path(mounts: tuple[Mount, ...], target: str) -> Path | None:
    """The host's path of `target`, which is absolute inside; None where no mount shows it.

    Symbolic links are not followed: do not open the result without care, a program may have put links there.
    """
    path = PurePosixPath(os.path.normpath(target))
    for mount in reversed(mounts):
        if path.is_relative_to(mount.target):
            return mount.source / path.relative_to(mount.target)
    return None


def inside_path(mounts: tuple[Mount, ...], source: Path) -> str | None:
    """The path inside that shows `source`; None where no mount does, or a later mount covers it."""
    path = Path(os.path.normpath(source.absolute()))
    for mount in reversed(mounts):
        if path.is_relative_to(mount.source.absolute()):
            inside = str(PurePosixPath(mount.target) / path.relative_to(mount.source.absolute()))
            if host_path(mounts, inside) == mount.source / path.relative_to(mount.source.absolute()):
                return inside
    return None
