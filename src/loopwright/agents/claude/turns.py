"""When a turn of Claude Code is over, and how it ended."""

from __future__ import annotations

from typing import Any

from loopwright.agents.protocol import TurnOutcome
from loopwright.base import one_line

__all__ = ["TurnEnd", "outcome_of"]

_DONE = ("completed", "cancelled", "failed")
# The gateway gives a refusal of ours this status, after which the CLI asks no more: it has nothing to do with payment.
_OUR_STATUS = "API Error: 402 "
_LIMITS = {"error_max_turns": "its limit of turns", "error_max_budget_usd": "its limit of cost"}

_Json = dict[str, Any]


class TurnEnd:
    """Watches one turn: a result alone does not end it while a message of ours waits, or the CLI says it works on.

    A CLI that tells its state (`session_state_changed`) is believed; of one that does not, the result is the end.

    Args:
        message: The id of the prompt.
        before: The turn before, which knows what this CLI tells; None for the first one.
    """

    def __init__(self, message: str, before: TurnEnd | None = None) -> None:
        self._waiting = {message}
        self._untaken: set[str] = set()
        self._state = "running"
        self._tells_state: bool = before is not None and before._tells_state
        self._acknowledges: bool = before is not None and before._acknowledges
        self.result: _Json | None = None

    def sent(self, message: str) -> None:
        """One more message was sent within the turn; `message` is its id."""
        self._waiting.add(message)
        self._untaken.add(message)

    def see(self, line: _Json) -> None:
        """Take note of a line."""
        kind = line.get("type")
        if kind == "result":
            self.result = line
        elif kind == "command_lifecycle":
            self._acknowledges = True
            state, message = line.get("state"), str(line.get("command_uuid"))
            if state in _DONE:
                self._waiting.discard(message)
            if state in _DONE or state == "started":
                self._untaken.discard(message)
        elif kind == "system" and line.get("subtype") == "session_state_changed":
            self._tells_state = True
            self._state = str(line.get("state"))

    @property
    def unheard(self) -> bool:
        """Whether a message that was sent within the turn is in none of the model's requests yet, as this CLI says."""
        return bool(self._untaken)

    @property
    def over(self) -> bool:
        """Whether the agent has yielded."""
        if self.result is None or (self._acknowledges and self._waiting):
            return False
        return (self._state == "idle" or not self._tells_state) and not self.result.get("queued_turn_count")


def outcome_of(result: _Json) -> TurnOutcome:
    """How the turn ended, by its result line; `is_error` is believed over `subtype`."""
    subtype, reason = str(result.get("subtype")), str(result.get("terminal_reason") or "")
    if reason.startswith("aborted"):
        return TurnOutcome("interrupted", "Claude Code was interrupted")
    if subtype in _LIMITS:
        return TurnOutcome("limit", f"Claude Code reached {_LIMITS[subtype]}")
    if result.get("is_error") is True or subtype != "success":
        return TurnOutcome("error", one_line(_complaint(result), 500))
    return TurnOutcome("finished", "" if reason in ("", "completed") else reason)


def _complaint(result: _Json) -> str:
    errors = result.get("errors")
    told = "; ".join(str(error) for error in errors) if isinstance(errors, list) else ""
    text = result.get("result")
    said = text.removeprefix(_OUR_STATUS) if isinstance(text, str) else ""
    return told or said or f"Claude Code ended with {result.get('subtype')}"
