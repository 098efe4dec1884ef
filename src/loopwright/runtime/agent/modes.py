"""`loop.sequence` as a state machine: which mode the next reply is in, and when a mode is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from loopwright.runtime.config import AgentConfig, Condition, Facts, parse
from loopwright.runtime.config.schema.loop import Mode, SequenceItem

__all__ = ["Move", "Position", "Sequencer"]


class Position(Struct, frozen=True):
    """Where the sequence stands: enough to go on from there after a crash.

    Attributes:
        at: The instruction of the present mode.
        mode: Its name.
        replies: Replies of the model in it so far.
        plan_replies: Replies in the mode `plan` so far, over all its visits.
        over: Whether the sequence has come to its end; the mode stays the last one.
    """

    at: int
    mode: str
    replies: int = 0
    plan_replies: int = 0
    over: bool = False


class Move(Struct, frozen=True):
    """Where a reply led. `why` says what ended the mode, where one ended."""

    position: Position
    why: str = ""


class _Enter(Struct, frozen=True):
    mode: str


class _Unless(Struct, frozen=True):
    condition: Condition
    target: int


class _Jump(Struct, frozen=True):
    target: int


_Instruction = _Enter | _Unless | _Jump


class Sequencer:
    """The modes of a profile, in order.

    `if` is asked once, when the sequence gets there; `while` before each round. After the last mode the agent yields;
    a later turn goes on in the mode in which the sequence ended.
    """

    def __init__(self, config: AgentConfig) -> None:
        self._modes: Mapping[str, Mode] = {mode.name: mode for mode in config.modes}
        self._exits = {mode.name: [parse(text) for text in mode.exit.when] for mode in config.modes}
        self._plan_limit = config.loop.plan_turn_limit
        self._features = dict(config.features)
        items = config.loop.sequence or (SequenceItem(mode=config.modes[0].name),)
        self._program = tuple(_compiled(items, 0))

    def features(self, position: Position | None) -> dict[str, bool]:
        """The switches as they are now; `plan` is off once its replies are used up."""
        used_up = position is not None and self._plan_limit is not None and position.plan_replies >= self._plan_limit
        return {**self._features, "plan": False} if used_up else dict(self._features)

    def begin(self, facts: Facts) -> Position:
        """The first mode. Where no condition of the sequence holds, it is the first mode of the profile."""
        return self._enter(0, facts, Position(-1, next(iter(self._modes))))

    def after_reply(self, position: Position, facts: Facts, *, finished: bool) -> Move:
        """Count a reply, and leave the mode where it is over. `facts` hold that reply already."""
        counted = structs.replace(
            position,
            replies=position.replies + 1,
            plan_replies=position.plan_replies + (position.mode == "plan"),
        )
        facts = structs.replace(facts, features=self.features(counted))
        why = self._over(counted, facts, finished=finished)
        if not why or counted.over:
            return Move(counted, why)
        return Move(self._enter(counted.at + 1, facts, counted), why)

    def _over(self, position: Position, facts: Facts, *, finished: bool) -> str:
        mode = self._modes[position.mode]
        if finished:
            return "finished"
        if mode.max_turns is not None and position.replies >= mode.max_turns:
            return f"max_turns: {mode.max_turns}"
        if mode.name == "plan" and self._plan_limit is not None and position.plan_replies >= self._plan_limit:
            return f"plan_turn_limit: {self._plan_limit}"
        return next((f"exit.when: {exit_.text}" for exit_ in self._exits[mode.name] if exit_.evaluate(facts)), "")

    def _enter(self, at: int, facts: Facts, before: Position) -> Position:
        """Follow conditions and jumps from instruction `at` to the next mode, or to the end."""
        seen: set[int] = set()
        while at < len(self._program) and at not in seen:
            seen.add(at)
            match self._program[at]:
                case _Enter(mode=mode):
                    return Position(at, mode, 0, before.plan_replies)
                case _Unless(condition=condition, target=target):
                    at = at + 1 if condition.evaluate(facts) else target
                case _Jump(target=target):
                    at = target
        return structs.replace(before, over=True)


def _compiled(items: Sequence[SequenceItem], start: int) -> list[_Instruction]:
    """The instructions of a list of items, the first of which gets the number `start`."""
    program: list[_Instruction] = []
    for item in items:
        here = start + len(program)
        if item.mode is not None:
            program.append(_Enter(item.mode))
        elif item.if_ is not None:
            body = _compiled(item.then, here + 1)
            program += [_Unless(parse(item.if_), here + 1 + len(body)), *body]
        elif item.while_ is not None:
            body = _compiled(item.do, here + 1)
            program += [_Unless(parse(item.while_), here + 2 + len(body)), *body, _Jump(here)]
    return program


def plain(position: Position) -> dict[str, Any]:
    """A position for the record."""
    return structs.asdict(position)
