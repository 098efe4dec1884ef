"""OpenCode: its server in a sandbox, spoken to over HTTP; its events become items."""

from loopwright.agents.opencode.agent import OpenCodeAgent

__all__ = ["OpenCodeAgent"]
