"""Checking a model's arguments against a tool's parameters, with an answer that lets it correct itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loopwright.base import UsageError, clip, nearest
from loopwright.runtime.conversation import ToolCall

if TYPE_CHECKING:
    from loopwright.runtime.tools.toolbox import Tool

__all__ = ["check_arguments"]

_TYPES: dict[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool}


def check_arguments(tool: Tool, call: ToolCall) -> dict[str, Any]:
    """The arguments of a call, every required one present and each of its type.

    Raises:
        UsageError: They are no JSON object, or one is missing, unknown or of another type.
    """
    if call.arguments is None:
        raise UsageError(f"the arguments of {tool.name} are not a JSON object: {clip(call.raw_arguments, 200)}")
    for name in call.arguments:
        if name not in tool.parameters:
            close = nearest(name, list(tool.parameters))
            hint = f" Did you mean {close!r}?" if close else ""
            raise UsageError(f"{tool.name} has no argument {name!r}.{hint}")
    for name, schema in tool.parameters.items():
        if name not in call.arguments:
            if name not in tool.optional:
                raise UsageError(f"{tool.name} needs the argument {name!r} ({schema.get('description', '')})")
        elif not _fits(call.arguments[name], schema["type"]):
            given = type(call.arguments[name]).__name__
            raise UsageError(f"the argument {name!r} of {tool.name} must be of type {schema['type']}, not {given}")
    return call.arguments


def _fits(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "number":
        return isinstance(value, int | float)
    return isinstance(value, _TYPES[kind])
