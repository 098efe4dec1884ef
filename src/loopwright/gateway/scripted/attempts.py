"""How often a reply has already failed on purpose."""

from __future__ import annotations

from loopwright.gateway.scripted.schema import FaultSpec
from loopwright.record import ScriptPosition

__all__ = ["Attempts"]

_MARK = "fault"
"""Stands in `ScriptPosition.request_digest` of an attempt that failed; `repeats` is then its number."""


class Attempts:
    """Counts the attempts at each reply of each conversation. A failed attempt moves nothing."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, int], int] = {}

    def fail(self, position: ScriptPosition, fault: FaultSpec | None) -> ScriptPosition | None:
        """The place of this attempt in the record where it is to fail, or None where the reply is to be served."""
        place = (position.conversation, position.served)
        count = self._counts.get(place, 0) + 1
        if fault is None or count > fault.times:
            return None
        self._counts[place] = count
        return ScriptPosition(position.conversation, position.reply, position.served, _MARK, position.cursor, count)

    def restore(self, position: ScriptPosition) -> bool:
        """Take over an attempt from the record; whether it is one."""
        if position.request_digest != _MARK:
            return False
        self._counts[position.conversation, position.served] = position.repeats
        return True
