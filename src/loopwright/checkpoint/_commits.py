"""Commit objects of checkpoints: who, when, which part, and what could not be recorded by content."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from loopwright.base import MachineError
from loopwright.record import SkippedFile

__all__ = ["Commit", "decode_commit", "encode_commit", "part_of", "skipped_of"]

_COMMIT = re.compile(rb"tree (?P<tree>[0-9a-f]{40})\n(?P<parents>(?:parent [0-9a-f]{40}\n)*)author ")
_AUTHOR = b"Loopwright <loopwright@localhost>"
_PART = "Loopwright-Part: "
_SKIPPED = "Loopwright-Skipped: "
_MAX_SKIPPED = 1000
_FIELDS = ("path", "size", "reason", "sha256")


class Commit(NamedTuple):
    """What a commit object says. `id` and `parents` are 40 hex digits, `tree` is a raw id."""

    id: str
    tree: bytes
    parents: tuple[str, ...]
    message: str


def decode_commit(name: str, data: bytes) -> Commit:
    """Read the commit object `name`.

    Raises:
        MachineError: It is no commit as git writes them.
    """
    found = _COMMIT.match(data)
    if found is None:
        raise MachineError(f"The commit {name} is damaged.", remedy="Rebuild the repository from its bundles.")
    parents = tuple(line[7:].decode() for line in found["parents"].splitlines())
    message = data.partition(b"\n\n")[2].decode("utf-8", "replace")
    return Commit(name, bytes.fromhex(found["tree"].decode()), parents, message)


def encode_commit(tree: bytes, parent: str | None, part: int, message: str, skipped: Iterable[SkippedFile]) -> bytes:
    """The bytes of a commit object.

    The last paragraph of the message holds trailers: the part, so that refs can be rebuilt from history alone,
    and one line for each file that is not in the tree (the first 1,000), so that `restore` knows what it lacks.
    """
    when = b"%d +0000" % int(time.time())
    lines = [b"tree %b" % tree.hex().encode()]
    if parent:
        lines.append(b"parent %b" % parent.encode())
    lines += [b"author %b %b" % (_AUTHOR, when), b"committer %b %b" % (_AUTHOR, when), b""]
    text = message.replace("\0", "").strip() or f"Part {part}"
    lines += [text.encode("utf-8", "replace"), b"", f"{_PART}{part}".encode()]
    lines += [_SKIPPED.encode() + _encode_skipped(file) for file in list(skipped)[:_MAX_SKIPPED]]
    return b"\n".join(lines) + b"\n"


def _encode_skipped(file: SkippedFile) -> bytes:
    return json.dumps([file.path, file.size, file.reason, file.sha256], separators=(",", ":")).encode()


def part_of(message: str) -> int | None:
    """The part that a checkpoint's message names, or None where it is not one of ours."""
    for line in _trailers(message):
        if line.startswith(_PART) and line[len(_PART) :].isdigit():
            return int(line[len(_PART) :])
    return None


def skipped_of(message: str) -> list[SkippedFile]:
    """The files that a checkpoint names without holding them."""
    found = []
    for line in _trailers(message):
        if line.startswith(_SKIPPED):
            found += _decode_skipped(line[len(_SKIPPED) :])
    return found


def _decode_skipped(text: str) -> list[SkippedFile]:
    """One trailer's file, or nothing where the commit came from elsewhere and says something else."""
    try:
        return [msgspec.convert(dict(zip(_FIELDS, json.loads(text), strict=True)), SkippedFile)]
    except (ValueError, TypeError):
        return []


def _trailers(message: str) -> list[str]:
    return message.rstrip("\n").rpartition("\n\n")[2].split("\n")
