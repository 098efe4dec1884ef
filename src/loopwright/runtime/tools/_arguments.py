"""Checking a model's arguments against a tool's parameters, with an answer that lets it correct itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loopwright.base import UsageError, clip, nearest
from loopwright.runtime.calls import Call
from loopwright.runtime.tools.spec import Parameter, ToolSpec

__all__ = ["check_arguments", "meant"]

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


def meant(name: str, names: Sequence[str]) -> str:
    """The advice for a name that there is not: the nearest one, or else all of them."""
    close = nearest(name, list(names))
    return f"Did you mean {close!r}?" if close else f"There are: {', '.join(names) or 'none'}."


def check_arguments(tool: ToolSpec, call: Call) -> dict[str, Any]:
    """The arguments of a call, every required one present and each of its type and range.

    An argument that is null counts as left out: APIs that bind a model to a schema make it name every argument.

    Raises:
        UsageError: They are no JSON object, or one is missing, unknown, of another type or out of range.
    """
    if call.arguments is None:
        raise UsageError(f"the arguments of {tool.name} cannot be read: {call.problem} ({clip(call.raw, 200)})")
    known = {parameter.name: parameter for parameter in tool.parameters}
    given = {name: value for name, value in call.arguments.items() if value is not None or name not in known}
    for name in given:
        if name not in known:
            raise UsageError(f"{tool.name} has no argument {name!r}.", remedy=meant(name, list(known)))
    for parameter in tool.parameters:
        if parameter.name in given:
            _check(tool, parameter, given[parameter.name])
        elif parameter.required:
            raise UsageError(f"{tool.name} needs the argument {parameter.name!r} ({parameter.description})")
        elif parameter.default is not None:
            given[parameter.name] = parameter.default
    return given


def _check(tool: ToolSpec, parameter: Parameter, value: Any) -> None:
    schema, where = parameter.schema, f"the argument {parameter.name!r} of {tool.name}"
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if kinds and not any(_fits(value, kind) for kind in kinds):
        raise UsageError(f"{where} must be of type {' or '.join(map(str, kinds))}, not {type(value).__name__}")
    if "enum" in schema and value not in schema["enum"]:
        raise UsageError(f"{where} must be one of {', '.join(str(one) for one in schema['enum'])}")
    if not isinstance(value, int | float):
        return
    if "minimum" in schema and value < schema["minimum"]:
        raise UsageError(f"{where} must be at least {schema['minimum']}")
    if "maximum" in schema and value > schema["maximum"]:
        raise UsageError(f"{where} must be at most {schema['maximum']}")


def _fits(value: Any, kind: Any) -> bool:
    known = _TYPES.get(kind, object) if isinstance(kind, str) else object
    return isinstance(value, known) and (not isinstance(value, bool) or known in (bool, object))
