"""Refs of a private repository: `refs/parts/<n>` and `refs/heads/main`, one writer."""

from __future__ import annotations

import os
from pathlib import Path

from loopwright.base import atomic_write
from loopwright.checkpoint._commits import part_of
from loopwright.checkpoint._objects import write_into_place
from loopwright.checkpoint._reader import Reader

__all__ = ["MAIN", "PARTS", "is_ours", "part_ref", "rewind", "write_packed_refs", "write_ref"]

MAIN = "refs/heads/main"
PARTS = "refs/parts/"


def part_ref(part: int) -> str:
    """The ref of a part's checkpoint."""
    return f"{PARTS}{part}"


def is_ours(name: str) -> bool:
    """Whether the name is one that a checkpoint repository has; others in a bundle are not taken over."""
    return name == MAIN or (name.startswith(PARTS) and name.removeprefix(PARTS).isdecimal() and name.isascii())


def write_packed_refs(folder: Path, refs: dict[str, str]) -> None:
    """Write all refs of a git folder at once: thousands of loose files would take seconds."""
    lines = [f"{commit} {name}\n" for name, commit in sorted(refs.items())]
    atomic_write(folder / "packed-refs", ("# pack-refs with: peeled fully-peeled sorted \n" + "".join(lines)).encode())


def write_ref(repo: Path, name: str, commit: str, *, durable: bool = False) -> None:
    """Point a ref at a commit in one step; the cost does not depend on how many refs there are."""
    write_into_place(repo / "scratch" / "ref", f"{repo}/{name}", f"{commit}\n".encode(), durable)
    if durable:
        handle = os.open((repo / name).parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def rewind(reader: Reader, repo: Path, head: str) -> None:
    """Make the refs say exactly what the history of `head` says; anything newer was never acknowledged.

    All of them are written anew, so that it does not matter what state a crash left them in.
    """
    wanted = {MAIN: head}
    for commit in reader.history(head):
        part = part_of(commit.message)
        if part is not None:
            wanted.setdefault(part_ref(part), commit.id)
    write_packed_refs(repo, wanted)
    for loose in (repo / "refs").rglob("*"):
        if not loose.is_dir():
            loose.unlink()
