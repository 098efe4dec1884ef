"""Claude Code as an agent: its CLI in the sandbox, one process for all turns, JSON lines both ways."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loopwright.agents.claude.agent import ClaudeAgent as ClaudeAgent

__all__ = ["ClaudeAgent"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.agent"), name)
