"""Which session a run has, written into the agent's home: enough to find it again after a crash."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import msgspec

from loopwright.base import atomic_write

__all__ = ["note_session", "noted_session"]

_NOTE = "loopwright-session.json"
_MOST_BYTES = 4096


class _Note(msgspec.Struct):
    session: str


def note_session(home: Path, session: str) -> None:
    """Write down which session this run has, in case nothing else of it survives."""
    atomic_write(home / _NOTE, json.dumps({"session": session}).encode())


def noted_session(home: Path) -> str | None:
    """The session that was written down. Programs in the sandbox may have written anything in its place."""
    try:
        descriptor = os.open(home / _NOTE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        session = msgspec.json.decode(os.read(descriptor, _MOST_BYTES), type=_Note).session
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    finally:
        os.close(descriptor)
    return session if session.isprintable() and session.isascii() and 0 < len(session) <= 200 else None
