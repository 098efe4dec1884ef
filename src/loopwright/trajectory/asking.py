"""A person who says what the agent's next turn is about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

__all__ = ["AskNext"]

AskNext = Callable[[], Awaitable[str | None]]
"""`await ask()`: the next instruction; None where there is none, which ends the run."""
