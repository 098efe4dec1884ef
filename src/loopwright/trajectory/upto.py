"""Reading a trajectory up to one of its parts."""

from __future__ import annotations

from msgspec import Struct

from loopwright.base import UsageError, collector_paused
from loopwright.record import (
    AgentSession,
    CheckpointTaken,
    Event,
    Limits,
    LimitsChanged,
    ModelCalled,
    PartAdded,
    RunDir,
    RunEnded,
    RunResumed,
    RunStarted,
    TurnEnded,
    TurnStarted,
    read_events,
)
from loopwright.trajectory.past import Past

__all__ = ["UpTo", "read_up_to"]


class UpTo(Struct):
    """A trajectory as it was after its part number `parts`.

    `open_turn` is the turn that was going on then, or None where the part was its turn's last; `memory_part` is the
    part after which the agent's memory was recorded, 0 where it was not; `limits` are those that held. Payloads of
    `past` are not resolved.
    """

    past: Past
    commit: str = ""
    open_turn: TurnStarted | None = None
    parts: int = 0
    memory_part: int = 0
    limits: Limits = Limits()

    def apply(self, event: Event) -> None:
        """Take the next event into account."""
        self.past.apply(event)
        match event:
            case RunStarted():
                self.commit, self.limits = event.initial_commit, event.limits
            case PartAdded():
                self.parts = event.part
                self.commit = event.checkpoint.commit_after if event.checkpoint else self.commit
            case CheckpointTaken():
                self.commit = event.checkpoint.commit_after
            case TurnStarted() | TurnEnded():
                self.open_turn = event if isinstance(event, TurnStarted) else None
            case LimitsChanged() | RunResumed():
                self.limits = event.limits or self.limits
            case AgentSession():
                self.memory_part = event.part
            case _:
                pass


def read_up_to(rundir: RunDir, part: int | None) -> UpTo:
    """Everything up to a part (None: the last one), with what was recorded of it later, and nothing of the next.

    Raises:
        UsageError: There is no such part.
        JournalDamage: The journal is damaged before it.
    """
    found = UpTo(Past())
    with collector_paused():
        for _, event in read_events(rundir.journal):
            reached = part is not None and found.parts >= part
            if reached and (isinstance(event, PartAdded | RunEnded) or (isinstance(event, TurnStarted) and part)):
                break
            # A call of the model after the part is what the next part came from.
            if not (reached and isinstance(event, ModelCalled | TurnStarted)):
                found.apply(event)
    if part is not None and found.parts < part:
        raise UsageError(
            f"The run {rundir.id} has no part {part}.",
            remedy=f"Its parts are 1 to {found.parts}." if found.parts else "It has no parts yet; fork part 0.",
        )
    return found
