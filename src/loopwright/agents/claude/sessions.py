"""The sessions of Claude Code in its home: which there are, whether they can be used, and keeping them.

The agent can put anything into its home, also links to files of the host, so every path is opened folder by folder
without following links.
"""

from __future__ import annotations

import os
import re
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from loopwright.agents.lines import parse_object
from loopwright.agents.protocol import AgentMemory

__all__ = ["MOST_BYTES", "bring_back", "kept", "newest_session", "nth_session", "usable"]

MOST_BYTES = 32 << 20
"""A session file that is larger is not kept in the record."""

_NAMESPACE = uuid.UUID("6f6e6d0b-8a0f-5d4e-9d7c-2f3b1a5c7e90")
_MOST_SESSIONS = 100
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


def nth_session(trajectory: str, number: int) -> str:
    """The id of the `number`th session (from 1) of a trajectory: the same whenever it is asked for."""
    return str(uuid.uuid5(_NAMESPACE, f"{trajectory} {number}"))


def newest_session(home: Path, workspace: str, trajectory: str) -> int:
    """The number of the newest session that has a file in this home, or 0."""
    found = 0
    for number in range(1, _MOST_SESSIONS):
        if _size(home, _path(workspace, nth_session(trajectory, number))) is None:
            break
        found = number
    return found


def usable(home: Path, workspace: str, session: str) -> bool:
    """Whether the session's file holds a conversation: an end that was torn off does not matter, a mess does."""
    data = _read(home, _path(workspace, session))
    if data is None:
        return False
    lines = [parse_object(line) for line in data.split(b"\n")[:-1] if line.strip()]
    return None not in lines and any(line is not None and line.get("type") in ("user", "assistant") for line in lines)


def kept(home: Path, workspace: str, session: str) -> AgentMemory:
    """The session as it is to be recorded; without its file where that is missing or too large."""
    path = _path(workspace, session)
    data = _read(home, path)
    return AgentMemory(session, {} if data is None else {path: data})


def bring_back(home: Path, workspace: str, memory: AgentMemory) -> bool:
    """Write a recorded session into a home; False where the record holds no file of it."""
    path = _path(workspace, memory.session_id)
    # The folder is named after the workspace, which may have been another one then.
    data = next((data for name, data in memory.files.items() if name.endswith(f"/{memory.session_id}.jsonl")), None)
    if data is None or not _is_uuid(memory.session_id):
        return False
    with _folder(home, path, make=True) as parent:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(Path(path).name, flags, 0o600, dir_fd=parent), "wb") as file:
            file.write(data)
    return True


def _path(workspace: str, session: str) -> str:
    """Where the CLI keeps a session, relative to its home."""
    return f".claude/projects/{re.sub('[^A-Za-z0-9]', '-', workspace)}/{session}.jsonl"


def _is_uuid(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) is not None


def _size(home: Path, path: str) -> int | None:
    try:
        with _folder(home, path) as parent:
            info = os.stat(Path(path).name, dir_fd=parent, follow_symlinks=False)
    except OSError:
        return None
    return info.st_size if stat.S_ISREG(info.st_mode) else None


def _read(home: Path, path: str) -> bytes | None:
    """The file's content, or None where there is none that can be kept."""
    size = _size(home, path)
    if size is None or size > MOST_BYTES:
        return None
    try:
        with _folder(home, path) as parent, os.fdopen(os.open(Path(path).name, _FILE, dir_fd=parent), "rb") as file:
            return file.read(MOST_BYTES) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
    except OSError:
        return None


@contextmanager
def _folder(home: Path, path: str, *, make: bool = False) -> Iterator[int]:
    """The folder of a file below `home`, as a descriptor; raises OSError where it is missing or a link."""
    descriptor = os.open(home, _FOLDER)
    try:
        for name in Path(path).parent.parts:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=descriptor)
            below = os.open(name, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)
