"""The agent's own memory of its session, kept in the record: written now and then, and read for `resume` and `fork`.

Most agents append to one file for hours. Only what was added since the last time is recorded, so that the record
grows like the file does, and not like its square.
"""

from __future__ import annotations

import base64
import hashlib
import time

from msgspec import Struct

from loopwright.agents import Agent, AgentMemory
from loopwright.base import LoopwrightError
from loopwright.record import AgentSession, BlobStore, Payload
from loopwright.trajectory.clock import now
from loopwright.trajectory.recorder import Recorder

__all__ = ["MemoryBook", "MemoryKeeper"]

_PARTS = 20
_SECONDS = 60.0
_MOST_BYTES = 64 << 20
_CHEAP_BYTES = 1 << 20
"""Within a turn, more than this is left for the turn's end."""


class MemoryBook:
    """What `AgentSession` events say in sum: feed it all of them in order."""

    def __init__(self) -> None:
        self._session_id = ""
        self._files: dict[str, list[Payload]] = {}

    def apply(self, event: AgentSession) -> None:
        """Take the next event into account."""
        if event.session_id != self._session_id:
            self._files = {}
        self._session_id = event.session_id
        for path, payload in event.files.items():
            grown = path in event.offsets and path in self._files
            self._files[path] = [*self._files[path], payload] if grown else [payload]

    def memory(self, blobs: BlobStore) -> AgentMemory | None:
        """The newest memory, or None where none was recorded.

        Raises:
            MachineError: A payload is missing or damaged.
        """
        if not self._session_id:
            return None
        files = {path: b"".join(_decoded(blobs, one) for one in pieces) for path, pieces in self._files.items()}
        return AgentMemory(self._session_id, files)


def _decoded(blobs: BlobStore, payload: Payload) -> bytes:
    return base64.b64decode(str(blobs.value(payload)))


class _Kept(Struct, frozen=True):
    """What was recorded of a file: how many bytes, and their digest."""

    size: int
    digest: bytes

    def begins(self, content: bytes) -> bool:
        """Whether the file, as it is now, begins with what was recorded."""
        return len(content) >= self.size and _digest(content[: self.size]) == self.digest


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


class MemoryKeeper:
    """Records an agent's memory: at each turn's end, and in between every 20 parts or 60 s where that is cheap."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._session_id = ""
        self._kept: dict[str, _Kept] = {}
        self._parts = 0
        self._since = time.monotonic()
        self._told: set[str] = set()

    def after_part(self, agent: Agent) -> None:
        """A part was recorded."""
        self._parts += 1
        if self._parts >= _PARTS or time.monotonic() - self._since >= _SECONDS:
            self._keep(agent, at_most=_CHEAP_BYTES)

    def after_turn(self, agent: Agent) -> None:
        """A turn has ended."""
        self._keep(agent, at_most=_MOST_BYTES)

    def _keep(self, agent: Agent, at_most: int) -> None:
        self._parts, self._since = 0, time.monotonic()
        memory = self._memory(agent)
        if memory is None:
            return
        if memory.session_id != self._session_id:
            self._session_id, self._kept = memory.session_id, {}
            changed = True
        else:
            changed = False
        news = {path: data for path, data in memory.files.items() if not self._is_kept(path, data)}
        offsets = {path: self._kept[path].size for path, data in news.items() if self._grew(path, data)}
        size = sum(len(data) - offsets.get(path, 0) for path, data in news.items())
        if size > at_most:
            self._too_large(size, at_most)
        elif news or changed:
            self._record(agent, memory.session_id, news, offsets)

    def _memory(self, agent: Agent) -> AgentMemory | None:
        try:
            return agent.memory()
        except (OSError, LoopwrightError) as error:
            # The agent goes on without it; only a resume elsewhere would miss it.
            self._tell("memory_unreadable", f"The agent's own memory could not be read, so it is not kept: {error}")
            return None

    def _is_kept(self, path: str, data: bytes) -> bool:
        kept = self._kept.get(path)
        return kept is not None and kept.size == len(data) and kept.begins(data)

    def _grew(self, path: str, data: bytes) -> bool:
        kept = self._kept.get(path)
        return kept is not None and kept.begins(data)

    def _too_large(self, size: int, at_most: int) -> None:
        if at_most >= _MOST_BYTES:
            limit = f"{_MOST_BYTES >> 20} MiB"
            self._tell(
                "memory_too_large",
                f"The agent's own memory has {size >> 20} MiB to keep, more than {limit}: it is not kept in the "
                "record, and a resume on another machine starts a new session.",
            )

    def _tell(self, code: str, message: str) -> None:
        if code not in self._told:
            self._told.add(code)
            self._recorder.notice(code, message)

    def _record(self, agent: Agent, session_id: str, news: dict[str, bytes], offsets: dict[str, int]) -> None:
        state, blobs = self._recorder.state, self._recorder.blobs
        files = {
            path: blobs.payload(base64.b64encode(data[offsets.get(path, 0) :]).decode()) for path, data in news.items()
        }
        self._recorder.emit(
            AgentSession(
                timestamp=now(),
                turn=state.turns,
                part=state.parts,
                agent=agent.name,
                session_id=session_id,
                files=files,
                offsets=offsets,
            )
        )
        self._kept |= {path: _Kept(len(data), _digest(data)) for path, data in news.items()}
