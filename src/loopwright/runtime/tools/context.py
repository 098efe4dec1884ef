"""What a tool's handler may use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from loopwright.agents.protocol import AgentContext
from loopwright.runtime.calls import Outcome
from loopwright.sandbox import ResourceLimits

__all__ = ["Handler", "ToolContext"]


class ToolContext(Struct, frozen=True):
    """The trajectory's own context, and the profile's settings for commands.

    `limits` hold for each command; its `wall_seconds` is the default time limit.
    """

    agent: AgentContext
    limits: ResourceLimits = ResourceLimits(wall_seconds=120.0)


Handler = Callable[[ToolContext, dict[str, Any], str], Awaitable[Outcome]]
"""`handler(context, arguments, call_id)`; arguments are checked, and have the handler's own names."""
