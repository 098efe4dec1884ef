"""Many files changed at once, or none: written beside, swapped in by renames, taken back where one of them fails."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path, PurePosixPath

from msgspec import Struct

from loopwright.base import MachineError, UsageError
from loopwright.runtime.edits.paths import State, folder, read

__all__ = ["Undo", "commit", "digest", "revert"]


class Undo(Struct, frozen=True):
    """How to take an edit back.

    Attributes:
        before: What each path held; None where there was nothing.
        after: The digest of what the edit left there; empty for nothing.
        folders: The folders that the edit made, outer ones first.
    """

    before: dict[str, State | None]
    after: dict[str, str]
    folders: tuple[str, ...] = ()


def digest(state: State | None) -> str:
    """A fingerprint of a file's bytes and mode; empty for no file."""
    return sha256(f"{state.mode:o} ".encode() + state.content).hexdigest() if state else ""


def revert(workspace: Path, undo: Undo) -> None:
    """Put back the bytes and modes of before an edit, and remove what it made.

    Raises:
        UsageError: A file was changed since; then nothing is touched.
        MachineError: A file could not be written; then nothing is changed.
    """
    for path, left in undo.after.items():
        if digest(read(workspace, path)) != left:
            raise UsageError("it was changed since the edit, which can no longer be undone", where=path)
    commit(workspace, undo.before)
    _remove(workspace, undo.folders)


def commit(workspace: Path, states: Mapping[str, State | None]) -> tuple[str, ...]:
    """Bring every path (as `paths.located` gives it) to its state, None for no file; gives the folders made.

    Raises:
        MachineError: Something could not be written; every file is as it was before.
    """
    batch = _Batch(workspace)
    try:
        for path, state in states.items():
            if state is not None:
                batch.prepare(path, state)
        for path, state in states.items():
            batch.swap(path, remove=state is None)
    except OSError as error:
        batch.roll_back()
        raise MachineError(
            f"the files could not be written ({error.strerror}); every file is as it was before",
            remedy="Make room or change the permissions, then send the edit again.",
        ) from error
    except BaseException:
        batch.roll_back()
        raise
    batch.tidy()
    return tuple(batch.folders)


def _remove(workspace: Path, folders: Sequence[str]) -> None:
    for name in reversed(folders):
        with suppress(OSError):  # somebody put a file of theirs into it
            (workspace / name).rmdir()


class _Batch:
    """New contents wait under `<token>.new` beside their files; the old files under `<token>.old`."""

    def __init__(self, workspace: Path) -> None:
        self.folders: list[str] = []
        self._workspace = workspace
        self._token = f".loopwright-{secrets.token_hex(6)}"
        self._prepared: dict[str, str] = {}
        self._kept: dict[str, str] = {}
        self._swapped: list[str] = []

    def prepare(self, path: str, state: State) -> None:
        """Write the new content beside the file; this is where a full disk shows."""
        beside = self._prepared[path] = f"{self._token}-{len(self._prepared)}.new"
        with folder(self._workspace, path, self.folders) as parent:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=parent)
            with os.fdopen(descriptor, "wb") as file:
                file.write(state.content)
                file.flush()
                with suppress(FileNotFoundError, PermissionError):  # a new file; another user's file
                    owner = os.stat(PurePosixPath(path).name, dir_fd=parent, follow_symlinks=False)
                    os.fchown(descriptor, owner.st_uid, owner.st_gid)
                os.fchmod(descriptor, state.mode)

    def swap(self, path: str, *, remove: bool) -> None:
        """Put the new file in place of the old one, which is kept until all are in place."""
        name = PurePosixPath(path).name
        with folder(self._workspace, path) as parent:
            with suppress(FileNotFoundError):
                old = f"{self._token}-{len(self._kept)}.old"
                os.link(name, old, src_dir_fd=parent, dst_dir_fd=parent, follow_symlinks=False)
                self._kept[path] = old
            self._swapped.append(path)
            if remove:
                os.unlink(name, dir_fd=parent)
            else:
                os.rename(self._prepared[path], name, src_dir_fd=parent, dst_dir_fd=parent)
                del self._prepared[path]

    def roll_back(self) -> None:
        """Give every path back what it held; renames need no space."""
        for path in reversed(self._swapped):
            with folder(self._workspace, path) as parent:
                name = PurePosixPath(path).name
                if path in self._kept:
                    os.rename(self._kept[path], name, src_dir_fd=parent, dst_dir_fd=parent)
                elif path not in self._prepared:
                    os.unlink(name, dir_fd=parent)
        self.tidy()
        _remove(self._workspace, self.folders)

    def tidy(self) -> None:
        """Remove what is left beside the files."""
        for path, name in (*self._prepared.items(), *self._kept.items()):
            with suppress(OSError), folder(self._workspace, path) as parent:  # it never came to be
                os.unlink(name, dir_fd=parent)
