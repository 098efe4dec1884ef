"""What is known so far of OpenCode's messages and their parts, and reading values that may be anything."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from loopwright.agents.protocol import AgentItem

__all__ = ["Message", "Piece", "dict_of", "ended_at", "list_of", "rest_of"]


class Piece(Struct):
    """One part.

    Attributes:
        part: Its newest state.
        text: What was said so far.
        told: The text that an item was made of, if one was.
        call_id: A tool's call, once it has an item.
        ended: Nothing more comes of it.
        shown: How much of a tool's output people have seen.
        whole: No event of it can have been missed.
    """

    part: dict[str, Any]
    text: str = ""
    told: str | None = None
    call_id: str = ""
    ended: bool = False
    shown: int = 0
    whole: bool = True

    @property
    def running(self) -> bool:
        """Whether it is a tool that was called and has not answered."""
        return bool(self.call_id) and not self.ended


class Message(Struct):
    """One message: its parts wait in `waiting` until its role is known, an item in `held` for the reply's usage."""

    session: str
    role: str = ""
    reply: int | None = None
    pieces: dict[str, Piece] = field(default_factory=dict)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    held: AgentItem | None = None

    @property
    def busy(self) -> bool:
        """Whether a tool of it runs."""
        return any(piece.running for piece in self.pieces.values())


def rest_of(told: str | None, text: str) -> str:
    """What of `text` was not told yet. OpenCode strips the end of a text when it is complete."""
    if told is None:
        return text
    if told.rstrip().startswith(text.rstrip()):
        return ""
    return text[len(told) :] if text.startswith(told) else text


def ended_at(part: dict[str, Any]) -> bool:
    """Whether a part says when it ended."""
    return dict_of(part.get("time")).get("end") is not None


def dict_of(value: Any) -> dict[str, Any]:
    """The value, if it is an object."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """The value, if it is a list."""
    return value if isinstance(value, list) else []
