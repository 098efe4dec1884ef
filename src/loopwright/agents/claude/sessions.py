"""The sessions of Claude Code in its home: which there are, whether they can be used, and keeping them."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

from loopwright.agents.homes import has_file, read_file, write_file
from loopwright.agents.lines import parse_object
from loopwright.agents.protocol import AgentMemory

__all__ = ["MOST_BYTES", "bring_back", "kept", "newest_session", "nth_session", "usable"]

MOST_BYTES = 32 << 20
"""A session file that is larger is not kept in the record."""

_NAMESPACE = uuid.UUID("6f6e6d0b-8a0f-5d4e-9d7c-2f3b1a5c7e90")
_MOST_SESSIONS = 100


def nth_session(trajectory: str, number: int) -> str:
    """The id of the `number`th session (from 1) of a trajectory: the same whenever it is asked for."""
    return str(uuid.uuid5(_NAMESPACE, f"{trajectory} {number}"))


def newest_session(home: Path, workspace: str, trajectory: str) -> int:
    """The number of the newest session that has a file in this home, or 0."""
    found = 0
    for number in range(1, _MOST_SESSIONS):
        if not has_file(home, _path(workspace, nth_session(trajectory, number))):
            break
        found = number
    return found


def usable(home: Path, workspace: str, session: str) -> bool:
    """Whether the session's file holds a conversation: an end that was torn off does not matter, a mess does."""
    data = read_file(home, _path(workspace, session), MOST_BYTES)
    if data is None:
        return False
    lines = [parse_object(line) for line in data.split(b"\n")[:-1] if line.strip()]
    return None not in lines and any(line is not None and line.get("type") in ("user", "assistant") for line in lines)


def kept(home: Path, workspace: str, session: str) -> AgentMemory:
    """The session as it is to be recorded; without its file where that is missing or too large."""
    path = _path(workspace, session)
    data = read_file(home, path, MOST_BYTES)
    return AgentMemory(session, {} if data is None else {path: data})


def bring_back(home: Path, workspace: str, memory: AgentMemory) -> bool:
    """Write a recorded session into a home; False where the record holds no file of it.

    Raises:
        OSError: A folder on the way is a link or a file, or the disk is full or not writable.
    """
    path = _path(workspace, memory.session_id)
    # The folder is named after the workspace, which may have been another one then.
    data = next((data for name, data in memory.files.items() if name.endswith(f"/{memory.session_id}.jsonl")), None)
    if data is None or not _is_uuid(memory.session_id):
        return False
    write_file(home, path, data)
    return True


def _path(workspace: str, session: str) -> str:
    """Where the CLI keeps a session, relative to its home."""
    return f".claude/projects/{re.sub('[^A-Za-z0-9]', '-', workspace)}/{session}.jsonl"


def _is_uuid(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) is not None
