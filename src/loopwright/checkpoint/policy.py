"""What a checkpoint takes and how it finds what changed."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["Policy"]


class Policy(Struct, frozen=True):
    """Rules of one checkpoint repository.

    Args:
        watch: `auto` asks the kernel which paths changed (inotify) and scans where it cannot say; `scan` always
            compares every file.
        max_file_bytes: A larger file is recorded by hash, not by content.
        max_hash_bytes: A file larger than this is not even hashed, only named with its size.
        ignore: Extra globs to leave out, relative to the workspace. Without a slash a glob fits a name at any
            level; `*` does not cross folders, `**` does; a trailing slash fits folders only.
    """

    watch: Literal["auto", "scan"] = "auto"
    max_file_bytes: int = 10 * 2**20
    max_hash_bytes: int = 2**30
    ignore: tuple[str, ...] = ()
