"""Read the objects and refs of a checkpoint repository.

Loose objects are read here, not by libgit2: its version 1.9.7 loops for ever on one that is cut off, which is what a
power cut leaves. Packs, and the objects of a repository that ours borrows from, are libgit2's business. No
configuration is read at all.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pygit2

from loopwright.base import MachineError, UsageError
from loopwright.checkpoint._commits import Commit, decode_commit

__all__ = ["Reader", "sound"]

_KINDS = {1: b"commit", 2: b"tree", 3: b"blob", 4: b"tag"}
_FULL = re.compile(r"[0-9a-f]{40}")
_SHORT = re.compile(r"[0-9a-f]{4,39}")


class _Object(NamedTuple):
    kind: bytes
    data: bytes


class Reader:
    """One repository, opened for reading.

    Raises:
        UsageError: There is none.
    """

    def __init__(self, repo: Path) -> None:
        self._repo = repo
        self._objects = repo / "objects"
        if not self._objects.is_dir():
            raise UsageError("There is no checkpoint repository.", where=str(repo))
        self._odb = pygit2.Odb(str(self._objects))

    def has(self, oid: bytes) -> bool:
        """Whether the object is in the repository or in one that it borrows from."""
        return self._odb.exists(pygit2.Oid(raw=oid))

    def read(self, oid: bytes) -> bytes:
        """The content of an object, by its raw id.

        Raises:
            MachineError: It is missing or damaged.
        """
        return self._read(oid).data

    def knows(self, name: str) -> bool:
        """Whether the text is the full id of an object that is here."""
        return _FULL.fullmatch(name) is not None and self.has(bytes.fromhex(name))

    def commit(self, commit: str) -> Commit:
        """The commit with this id, or the checkpoint whose id begins so.

        Raises:
            UsageError: There is none, or several.
            MachineError: It is damaged.
        """
        full = commit if _FULL.fullmatch(commit) else self._lengthen(commit)
        if full and self.knows(full):
            found = self._read(bytes.fromhex(full))
            if found.kind == b"commit":
                return decode_commit(full, found.data)
        raise UsageError(f"There is no checkpoint {commit!r}.", where=str(self._repo))

    def history(self, start: str, *, until: frozenset[str] = frozenset()) -> Iterator[Commit]:
        """The commit `start` and all before it, a child before its parent, stopping at those of `until`."""
        seen = set(until)
        waiting = [start]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                commit = self.commit(name)
                yield commit
                waiting.extend(commit.parents)

    def refs(self) -> dict[str, str]:
        """All refs and their commits."""
        packed = self._repo / "packed-refs"
        lines = packed.read_text(errors="replace").splitlines() if packed.is_file() else []
        found = {line[41:]: line[:40] for line in lines if _FULL.fullmatch(line[:40])}
        for folder in ("refs/heads", "refs/parts"):
            for file in (self._repo / folder).glob("*"):
                commit = file.read_text(errors="replace").strip() if file.is_file() else ""
                if _FULL.fullmatch(commit):
                    found[f"{folder}/{file.name}"] = commit
        return found

    def _lengthen(self, short: str) -> str | None:
        if not _SHORT.fullmatch(short):
            return None
        found = {commit for commit in self.refs().values() if commit.startswith(short)}
        return found.pop() if len(found) == 1 else None

    def _read(self, oid: bytes) -> _Object:
        name = oid.hex()
        try:
            packed = Path(self._objects, name[:2], name[2:]).read_bytes()
        except OSError:
            packed = b""
        try:
            if packed:
                return _inflate(packed, oid)
            kind, data = self._odb.read(pygit2.Oid(raw=oid))
            return _Object(_KINDS.get(kind, b""), data)
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise MachineError(
                f"The checkpoint repository lacks the object {name}, or it is damaged.",
                where=str(self._repo),
                remedy="Rebuild the repository from its bundles.",
            ) from error


def sound(packed: bytes, oid: bytes) -> bool:
    """Whether a loose object's file holds what its name says."""
    try:
        _inflate(packed, oid)
    except ValueError:
        return False
    return True


def _inflate(packed: bytes, oid: bytes) -> _Object:
    try:
        whole = zlib.decompress(packed)
    except zlib.error as error:
        raise ValueError("the object is cut off or damaged") from error
    if hashlib.sha1(whole, usedforsecurity=False).digest() != oid:
        raise ValueError("the object is not the one that its name says")
    header, _, data = whole.partition(b"\0")
    return _Object(header.split(b" ")[0], data)
