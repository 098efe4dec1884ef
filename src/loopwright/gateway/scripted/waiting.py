"""Waiting for sub-agents where the tool that starts them does not: one call between two replies of the script."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from loopwright.gateway.scripted.dialects import recognise
from loopwright.gateway.scripted.lower import Lowered
from loopwright.gateway.wire.neutral import Ask

__all__ = ["wait_call"]


class _Started(Struct):
    agent_id: str


def wait_call(ask: Ask) -> Lowered | None:
    """The call that waits for the sub-agents that were just started, or None where there is nothing to wait for."""
    ids = [ident for ident in map(_agent_id, ask.spawned) if ident]
    shape = recognise({tool.name for tool in ask.tools}).wait
    if not ids or shape is None:
        return None
    tool = next((tool for tool in ask.tools if tool.name == shape.tool), None)
    return (tool, {shape.fields["ids"]: ids} | shape.fixed) if tool is not None else None


def _agent_id(result: str) -> str:
    try:
        return msgspec.json.decode(result, type=_Started).agent_id
    except msgspec.MsgspecError:
        return ""  # it was not started; the script goes on with the error
