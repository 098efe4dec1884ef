"""The adapter for Codex."""

from loopwright.agents.codex.agent import CodexAgent

__all__ = ["CodexAgent"]
