"""What a template sees of a tool, with an example of a call in the syntax that it teaches."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from loopwright.base import UsageError
from loopwright.runtime.calls import Call
from loopwright.runtime.dialects.dialect import ParseOptions
from loopwright.runtime.dialects.registry import render
from loopwright.runtime.tools.spec import Parameter, ToolSpec

__all__ = ["tool_view"]

_VALUES: dict[str, Any] = {"integer": 1, "number": 1.0, "boolean": True, "array": [], "object": {}, "null": None}


def tool_view(tool: ToolSpec, dialect: str, options: ParseOptions) -> dict[str, Any]:
    """A tool for templates.

    Returns:
        `name`, `kind`, `description`, `blocking`, `max_per_turn` (or none), `parameters` (each with `name`, `schema`,
        `description`, `required`, `default` and `examples`), `arguments` of an example, and `example`: the example as
        it is written in the dialect, "" where that has no text for it.
    """
    arguments = {each.name: _value(each) for each in tool.parameters if each.required}
    return {
        "name": tool.name,
        "kind": tool.kind,
        "description": tool.description,
        "blocking": tool.blocking,
        "max_per_turn": tool.max_per_turn,
        "parameters": [structs.asdict(each) for each in tool.parameters],
        "arguments": arguments,
        "example": _example(tool.name, arguments, dialect, options),
    }


def _example(name: str, arguments: dict[str, Any], dialect: str, options: ParseOptions) -> str:
    try:
        return render(dialect, Call("", name, arguments, ""), options)
    except UsageError:
        return ""  # an edit dialect, or the provider's own calls: their templates bring an example themselves


def _value(parameter: Parameter) -> Any:
    """A value for the example: a given one, or one that the schema allows."""
    given = [*parameter.examples, *([] if parameter.default is None else [parameter.default])]
    allowed = parameter.schema.get("enum") or given
    if given or allowed:
        return (given or allowed)[0]
    kind = parameter.schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind in ("integer", "number") and "minimum" in parameter.schema:
        return parameter.schema["minimum"]
    return _VALUES.get(str(kind), parameter.name)
