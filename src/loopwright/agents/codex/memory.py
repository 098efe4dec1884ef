"""Codex's own memory of a thread: the rollout, a file that it only ever appends to.

A thread can be resumed from its rollout alone; the databases beside it are rebuilt.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from loopwright.agents.codex.settings import FOLDER
from loopwright.agents.homes import find_files, read_file, write_file
from loopwright.agents.protocol import AgentMemory

__all__ = ["newest_thread", "put_back", "remember", "take_memory"]

_MOST_BYTES = 32 << 20
_THREAD_FILE = f"{FOLDER}/loopwright-thread"
_ID_LENGTH = 36


def remember(home: Path, thread: str) -> None:
    """Write down which thread is the trajectory's; sub-agents have threads of their own.

    Raises:
        OSError: The disk is full or not writable.
    """
    write_file(home, _THREAD_FILE, thread.encode())


def newest_thread(home: Path) -> str | None:
    """The thread that was written down, where its rollout is still there."""
    data = read_file(home, _THREAD_FILE, 200)
    thread = data.decode("ascii", "replace").strip() if data else ""
    return thread if _is_id(thread) and _rollouts(home, thread) else None


def take_memory(home: Path, thread: str) -> AgentMemory:
    """The thread and its rollout; only the id where the rollout is over 32 MiB."""
    files: dict[str, bytes] = {}
    room = _MOST_BYTES
    for name in _rollouts(home, thread):
        data = read_file(home, name, room)
        if data is None:
            return AgentMemory(thread)
        files[name] = _whole_lines(data)
        room -= len(data)
    return AgentMemory(thread, files)


def _whole_lines(data: bytes) -> bytes:
    """Without a last line that is being written just now."""
    return data[: data.rfind(b"\n") + 1]


def put_back(home: Path, files: Mapping[str, bytes]) -> None:
    """Write remembered files where they were.

    Raises:
        OSError: A name leads out of the home folder, or the disk is full or not writable.
    """
    for name, data in files.items():
        write_file(home, name, data)


def _rollouts(home: Path, thread: str) -> list[str]:
    return find_files(home, f"{FOLDER}/sessions", f"-{thread}.jsonl")


def _is_id(text: str) -> bool:
    return len(text) == _ID_LENGTH and all(one in "0123456789abcdef-" for one in text)
