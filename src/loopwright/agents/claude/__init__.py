"""Claude Code as an agent: its CLI in the sandbox, one process for all turns, JSON lines both ways."""

from __future__ import annotations

from loopwright.base import lazy_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loopwright.agents.claude.agent import ClaudeAgent
else:
    __getattr__, __dir__ = lazy_names(__name__, agent=("ClaudeAgent",))

__all__ = ["ClaudeAgent"]
