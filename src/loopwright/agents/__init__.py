"""Agents: each turns its own program's stream into complete items."""

from loopwright.agents.activity import Activity
from loopwright.agents.protocol import (
    Agent,
    AgentCheck,
    AgentContext,
    AgentItem,
    AgentMemory,
    Delta,
    RunTests,
    TestReply,
    TurnOutcome,
)
from loopwright.agents.registry import AGENTS, make_agent

__all__ = [
    "AGENTS",
    "Activity",
    "Agent",
    "AgentCheck",
    "AgentContext",
    "AgentItem",
    "AgentMemory",
    "Delta",
    "RunTests",
    "TestReply",
    "TurnOutcome",
    "make_agent",
]
