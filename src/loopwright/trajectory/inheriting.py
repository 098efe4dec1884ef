"""What a forked trajectory has from its parent: the files after a part, and the conversation up to it.

The parent is only read. How its agent knows the conversation depends on the agent:

`native`   ours again: the parent's turns and parts are its memory, to the byte, even in the middle of a turn
`memory`   the same foreign agent again: the newest memory of its session that was recorded up to that part
`recap`    anything else: a transcript in its first prompt
`nothing`  from part 0, there is no conversation
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, structs

from loopwright.agents.recap import recap
from loopwright.base import UsageError
from loopwright.record import BlobStore, Limits, PartAdded, Payload, RunDir, RunStarted, Usage, first_event
from loopwright.trajectory.begun import started_event
from loopwright.trajectory.past import Past
from loopwright.trajectory.upto import UpTo, read_up_to

__all__ = ["How", "Inheritance", "Opening", "inherit", "inheritance_of", "with_inherited"]

How = Literal["native", "memory", "recap", "nothing"]
_KEEPING = ("native", "memory")


class Opening(Struct, frozen=True):
    """How the first turn of a trajectory begins.

    `continued` is the prompt of the parent's turn that goes on; otherwise `prompt` is given, with what the tests say
    of the files at its end where `judged`.
    """

    prompt: str
    continued: Payload | None = None
    judged: bool = False


class Inheritance(Struct, frozen=True):
    """What a child gets: the files of `commit`, and `past` for its agent's memory (None: it starts anew).

    `limits` hold where its own options do not say otherwise; they count from the fork.
    """

    parent: RunDir
    part: int
    commit: str
    how: How
    opening: Opening
    past: Past | None
    conversation: str
    limits: Limits = Limits()

    def facts(self) -> dict[str, Any]:
        """What of it is recorded in the child's first event, so that a resume finds it again."""
        return {"fork": {"how": self.how, "continues": self.opening.continued is not None}} | (
            {"conversation": self.conversation} if self.how == "native" else {}
        )


def inherit(parent: RunDir, part: int | None, agent: str, instruction: str | None = None) -> Inheritance:
    """What a child of `parent` after `part` (None: the last) gets, for this agent.

    `instruction` is that of another task, where the child has one.

    Raises:
        UsageError: There is no such part, or the parent had not begun.
        MachineError: The parent's record is damaged.
    """
    return inheritance_of(parent, read_up_to(parent, part), agent, instruction)


def inheritance_of(parent: RunDir, found: UpTo, agent: str, instruction: str | None = None) -> Inheritance:
    """`inherit`, where the parent was read already.

    Raises:
        UsageError: The parent had not begun, or the run that it was forked from is gone.
        MachineError: A payload of the parent is missing or damaged.
    """
    started = started_event(parent)
    how = _how(found, started.agent, agent, told=instruction is not None)
    past = _kept(parent, started, found, how) if how in _KEEPING else None
    opening = _opening(found, how, BlobStore(parent.blobs_folder), started, instruction)
    conversation = str(started.options.get("conversation", parent.id))
    # Another task brings its own.
    limits = found.limits if instruction is None else Limits()
    return Inheritance(parent, found.parts, found.commit, how, opening, past, conversation, limits)


def _how(found: UpTo, before: str, agent: str, told: bool) -> How:
    name = agent.partition(":")[0]
    if found.parts == 0:
        return "nothing"
    if before.partition(":")[0] != name:
        return "recap"
    if name == "native":
        # A new prompt cannot follow a call that has no result yet.
        return "recap" if told and _unanswered(found.past.parts) else "native"
    return "memory" if found.memory_part else "recap"


def _unanswered(parts: list[PartAdded]) -> bool:
    waiting: set[str] = set()
    for part in parts:
        if part.tool is not None and part.part_type == "tool_call":
            waiting.add(part.tool.call_id)
        elif part.tool is not None:
            waiting.discard(part.tool.call_id)
    return bool(waiting)


def _opening(found: UpTo, how: How, blobs: BlobStore, started: RunStarted, instruction: str | None) -> Opening:
    task = str(blobs.value(started.instruction)) if instruction is None else instruction
    if how == "nothing":
        return Opening(task)
    if how == "recap":
        return Opening(f"{recap(found.past.turns, found.past.parts)}\n\n{task}")
    # What the agent's memory does not have yet, in words.
    since = [part for part in found.past.parts if part.part > found.memory_part] if how == "memory" else []
    told = recap(found.past.turns[-1:], since) if since else ""
    if instruction is not None:
        return Opening("\n\n".join(text for text in (told, instruction) if text))
    if found.open_turn is None:
        return Opening(told, judged=True)
    if told:
        return Opening(told)
    return Opening("", continued=Payload(value=str(blobs.value(found.open_turn.prompt))))


def _kept(rundir: RunDir, started: RunStarted, found: UpTo, how: How) -> Past:
    """The past of `rundir`, with what it has from its own parent before it; nothing of what it cost."""
    past = found.past
    # Foreign agents have their own memory, and take the rest only for a transcript, for which previews do.
    past.resolve(BlobStore(rundir.blobs_folder), whole=how == "native")
    free = [structs.replace(call, usage=Usage(), cost=0.0, waited_ms=0.0) for call in past.calls if call.script]
    return with_inherited(rundir, started, structs.replace(past, calls=free))


def with_inherited(rundir: RunDir, started: RunStarted, past: Past) -> Past:
    """The past of a run (resolved), after what its agent has from the run that it was forked from.

    Raises:
        UsageError: That run is gone.
    """
    facts = started.options.get("fork", {})
    if started.parent is None or facts.get("how") not in _KEEPING:
        return past
    parent = RunDir(rundir.home, started.parent)
    begun = first_event(parent.journal) if parent.journal.exists() else None
    if not isinstance(begun, RunStarted):
        raise UsageError(
            f"The run {parent.id}, which {rundir.id} was forked from, is gone, and with it the beginning of the "
            "conversation.",
            where=str(parent.path),
            remedy=f"Bring it back from the store, or fork {rundir.id} with another agent.",
        )
    earlier = _kept(parent, begun, read_up_to(parent, started.parent_part), facts["how"])
    if begun.options.get("model_digest") != started.options.get("model_digest"):
        earlier.calls = []  # another script has its own positions
    return _joined(earlier, past, continues=bool(facts.get("continues")))


def _joined(earlier: Past, later: Past, continues: bool) -> Past:
    """Two pasts as one, numbered on; where the later one goes on in a turn of the earlier, it has no prompt for it."""
    last = max((turn.turn for turn in earlier.turns), default=0)
    shift = last - 1 if continues else last
    parts = len(earlier.parts)
    prompts = [turn for turn in later.turns if not (continues and turn.turn == 1)]
    return Past(
        turns=[*earlier.turns, *(structs.replace(turn, turn=turn.turn + shift) for turn in prompts)],
        parts=[
            *earlier.parts,
            *(structs.replace(part, turn=part.turn + shift, part=part.part + parts) for part in later.parts),
        ],
        calls=[*earlier.calls, *later.calls],
        book=later.book,
        memory=later.memory or earlier.memory,
    )
