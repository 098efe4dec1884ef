"""Tools in the form that an API wants, in which it may bind the model to their schemas."""

from __future__ import annotations

from typing import Any

from loopwright.runtime.tools.spec import Parameter, ToolSpec

__all__ = ["binds", "function", "without_ranges"]

_RANGES = ("minimum", "maximum")


def binds(tool: ToolSpec, *, strict: bool) -> bool:
    """Whether a tool's schema can bind: those of MCP servers are their own, and need not have the form for it."""
    return strict and tool.kind != "mcp"


def function(tool: ToolSpec, *, strict: bool) -> dict[str, Any]:
    """OpenAI's form. In a schema that binds, every property is required, and one that may be left out may be null."""
    schema, bound = tool.json_schema(), binds(tool, strict=strict)
    if bound:
        schema["properties"] = {parameter.name: _nullable(parameter) for parameter in tool.parameters}
        schema["required"] = [parameter.name for parameter in tool.parameters]
    return {"name": tool.name, "description": tool.description, "parameters": schema, "strict": bound}


def _nullable(parameter: Parameter) -> dict[str, Any]:
    schema = dict(parameter.schema)
    text = parameter.description
    if parameter.default is not None:
        text = f"{text} (default: {parameter.default})".strip()
    if text:
        schema["description"] = text
    if parameter.required:
        return schema
    kinds = schema.get("type", [])
    schema["type"] = [*(kinds if isinstance(kinds, list) else [kinds]), "null"]
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    return schema


def without_ranges(tool: ToolSpec) -> dict[str, Any]:
    """Anthropic's form: the plain schema, without limits of numbers, which it refuses."""
    schema = tool.json_schema()
    for each in schema["properties"].values():
        for name in _RANGES:
            each.pop(name, None)
    return schema
