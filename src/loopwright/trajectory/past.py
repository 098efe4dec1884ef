"""What a trajectory's journal says to whoever goes on with it: its fold, its parts in full, its agent's own memory."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import UNSET, Struct, field

from loopwright.agents import AgentMemory
from loopwright.base import collector_paused
from loopwright.record import (
    AgentSession,
    BlobStore,
    Event,
    ModelCalled,
    PartAdded,
    Payload,
    RunDir,
    RunEnded,
    TurnStarted,
    read_events,
)
from loopwright.trajectory.remembering import MemoryBook
from loopwright.trajectory.state import RunState

__all__ = ["Past", "read_past"]


class Past(Struct):
    """What a resumed or forked trajectory brings along: turns and parts, model calls, the agent's own memory.

    Payloads of turns and parts, and `memory`, are there after `resolve`.
    """

    turns: list[TurnStarted] = field(default_factory=list)
    parts: list[PartAdded] = field(default_factory=list)
    calls: list[ModelCalled] = field(default_factory=list)
    book: MemoryBook = field(default_factory=MemoryBook)
    memory: AgentMemory | None = None

    def apply(self, event: Event) -> None:
        """Take the next event into account."""
        match event:
            case TurnStarted():
                self.turns.append(event)
            case PartAdded():
                self.parts.append(event)
            case ModelCalled():
                self.calls.append(event)
            case AgentSession():
                self.book.apply(event)
            case _:
                pass

    def resolve(self, blobs: BlobStore, *, whole: bool = True) -> None:
        """Put the values of blobs into the payloads of turns and (where `whole`) parts, and the memory together.

        Raises:
            MachineError: A payload is missing or damaged.
        """

        def value(payload: Payload | None) -> Payload | None:
            if payload is None or payload.blob is UNSET:
                return payload
            return Payload(value=blobs.value(payload), size=payload.size)

        self.turns = [msgspec.structs.replace(turn, prompt=value(turn.prompt)) for turn in self.turns]
        if whole:
            self.parts = [_resolved(part, value) if _has_blob(part) else part for part in self.parts]
        self.memory = self.book.memory(blobs)


def read_past(rundir: RunDir) -> tuple[RunState, Past, RunEnded | None]:
    """The fold of a run's journal, what an agent needs for its memory, and how the run ended where it has."""
    state, past, ended = RunState(), Past(), None
    with collector_paused():
        for _, event in read_events(rundir.journal):
            state.apply(event)
            past.apply(event)
            ended = event if isinstance(event, RunEnded) else ended
    return state, past, ended


def _has_blob(part: PartAdded) -> bool:
    payloads = [part.raw, part.content]
    if part.tool is not None:
        payloads += [part.tool.arguments, part.tool.result]
    return any(payload is not None and payload.blob is not UNSET for payload in payloads)


def _resolved(part: PartAdded, value: Callable[[Payload | None], Payload | None]) -> PartAdded:
    tool = part.tool
    if tool is not None:
        tool = msgspec.structs.replace(tool, arguments=value(tool.arguments), result=value(tool.result))
    return msgspec.structs.replace(part, raw=value(part.raw), content=value(part.content), tool=tool)
