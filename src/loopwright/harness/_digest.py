"""Digests of what a grade depends on: the task folder, and the tools that programs are built and run with."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from loopwright.base import UsageError

__all__ = ["folder_digest", "harness_digest", "toolchain_digest"]

# Their identity decides what a build gives; most machines lack most of them.
_TOOLS = ("python3", "gcc", "cc", "clang", "as", "ld", "make", "cmake", "sh", "bash", "cargo", "rustc", "go", "node")
_DERIVED = {"__pycache__", ".git", ".DS_Store"}


def folder_digest(folder: Path) -> str:
    """SHA-256 in hex over the names, kinds and contents of all files of a task folder.

    Raises:
        UsageError: A link leads out of the folder, or something is neither file, folder nor link.
    """
    digest = hashlib.sha256()
    root = folder.resolve()
    for path in _walk(root):
        name = path.relative_to(root).as_posix()
        _field(digest, name.encode(errors="surrogateescape"))
        _add_entry(digest, root, path)
    return digest.hexdigest()


def _walk(folder: Path) -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name in _DERIVED:
            continue
        yield Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))


def _add_entry(digest: hashlib._Hash, root: Path, path: Path) -> None:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        if not path.resolve().is_relative_to(root):
            raise UsageError(
                f"the link leads out of the task folder, to {path.resolve()}",
                where=str(path),
                remedy="Put a copy of what it leads to in its place.",
            )
        _field(digest, b"link " + os.fsencode(path.readlink()))
    elif stat.S_ISREG(mode):
        _field(digest, b"executable" if mode & 0o111 else b"file")
        _field(digest, path.read_bytes())
    elif not stat.S_ISDIR(mode):
        raise UsageError("a task folder may only hold files, folders and links", where=str(path))


def _field(digest: hashlib._Hash, data: bytes) -> None:
    # Length first, so that no two lists of fields give the same bytes.
    digest.update(len(data).to_bytes(8, "big"))
    digest.update(data)


def toolchain_digest() -> str:
    """SHA-256 in hex over path, inode, size and time of the compilers and interpreters that are found here."""
    lines = [f"{sys.version} {sys.platform} {os.uname().machine}"]
    for tool in _TOOLS:
        found = shutil.which(tool)
        if found:
            facts = os.stat(found)  # noqa: PTH116
            real = os.path.realpath(found)
            lines.append(f"{tool} {real} {facts.st_dev} {facts.st_ino} {facts.st_size} {facts.st_mtime_ns}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def harness_digest() -> str:
    """SHA-256 in hex over the code that runs inside the grading sandbox: another version may grade otherwise."""
    digest = hashlib.sha256()
    harness = Path(__file__).parent
    package = harness.parent
    for path in sorted([*harness.glob("*.py"), *(package / "sandbox").glob("*.py"), package / "base" / "lazy.py"]):
        _field(digest, path.read_bytes())
    return digest.hexdigest()
