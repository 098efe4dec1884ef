"""Agents: each turns its own program's stream into complete items."""

from loopwright.agents.protocol import (
    Agent,
    AgentCheck,
    AgentContext,
    AgentItem,
    RunTests,
    TestReply,
    TurnOutcome,
)
from loopwright.agents.registry import AGENTS, make_agent

__all__ = [
    "AGENTS",
    "Agent",
    "AgentCheck",
    "AgentContext",
    "AgentItem",
    "RunTests",
    "TestReply",
    "TurnOutcome",
    "make_agent",
]
