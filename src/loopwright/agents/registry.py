"""Which agents there are. One line each here; a plug-in adds itself as an entry point."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from loopwright.agents.protocol import Agent
from loopwright.base import UsageError, nearest

__all__ = ["AGENTS", "agent_names", "make_agent"]

AGENTS: dict[str, str] = {
    "native": "loopwright.agents.native:NativeAgent",
    "codex": "loopwright.agents.codex:CodexAgent",
    "claude": "loopwright.agents.claude:ClaudeAgent",
    "opencode": "loopwright.agents.opencode:OpenCodeAgent",
    "acp": "loopwright.agents.acp:AcpAgent",
}
"""`name` or `name:argument` of `--agent`; the argument (`acp:<command>`, `native:CONFIG`) goes to the class."""

_GROUP = "loopwright.agents"


def agent_names() -> list[str]:
    """The names of all agents, plug-ins included."""
    return [*AGENTS, *(point.name for point in entry_points(group=_GROUP))]


def make_agent(text: str) -> Agent:
    """A new agent for one trajectory; `text` is what `--agent` was given.

    Raises:
        UsageError: There is no agent of this name, or its argument is missing or not wanted.
    """
    name, colon, argument = text.partition(":")
    target = AGENTS.get(name)
    if target is not None:
        module, attribute = target.split(":")
        made = getattr(import_module(module), attribute)
        return cast(Agent, made(argument) if colon else made())
    for point in entry_points(group=_GROUP):
        if point.name == name:
            return cast(Agent, point.load()(argument) if colon else point.load()())
    close = nearest(name, agent_names())
    hint = f"Did you mean {close}?" if close else f"There are: {', '.join(agent_names())}."
    raise UsageError(f"There is no agent named {name!r}.", remedy=hint)
