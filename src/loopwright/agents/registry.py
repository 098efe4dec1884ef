"""Which agents there are. One line each here; a plug-in adds itself as an entry point."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from loopwright.agents.protocol import Agent
from loopwright.base import MachineError, UsageError, nearest

__all__ = ["AGENTS", "PLANNED", "make_agent"]

AGENTS: dict[str, str] = {
    "native": "loopwright.agents.native:NativeAgent",
}

PLANNED = ("codex", "claude", "opencode")
"""Agents whose names are known and whose adapters are not in this version."""

_GROUP = "loopwright.agents"


def make_agent(name: str) -> Agent:
    """A new agent of this name, for one trajectory.

    Raises:
        MachineError: The agent is known, but this version cannot run it.
        UsageError: There is no agent of this name.
    """
    target = AGENTS.get(name)
    if target is not None:
        module, attribute = target.split(":")
        return cast(Agent, getattr(import_module(module), attribute)())
    for point in entry_points(group=_GROUP):
        if point.name == name:
            return cast(Agent, point.load()())
    if name in PLANNED:
        raise MachineError(
            f"The agent {name} is not available in this version of Loopwright.",
            remedy="Type: loopwright run --agent native --model scripted:examples/c_compiler/scripted.yaml",
        )
    names = [*AGENTS, *(point.name for point in entry_points(group=_GROUP)), *PLANNED]
    close = nearest(name, names)
    hint = f"Did you mean {close}?" if close else f"There are: {', '.join(names)}."
    raise UsageError(f"There is no agent named {name!r}.", remedy=hint)
