"""What a tool looks like to a model: its name, its parameters, and what it is allowed to collide with."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

__all__ = ["Parameter", "ToolKind", "ToolSpec"]

ToolKind = Literal["read", "search", "edit", "write", "shell", "tests", "finish", "mcp", "other"]


class Parameter(Struct, frozen=True):
    """One argument. `schema` is its JSON schema (type, enum, minimum, items, ...), without the description."""

    name: str
    schema: dict[str, Any]
    description: str = ""
    required: bool = True
    default: Any = None
    examples: tuple[Any, ...] = ()


class ToolSpec(Struct, frozen=True):
    """One tool as it is offered in a run, after overlays.

    Attributes:
        id: Its identity, by which handlers, rules and permissions know it; overlays never change it.
        name: What the model calls it.
        kind: What it does to the world.
        parameters: As the model sees them.
        argument_names: What an overlay renamed: the model's name -> the handler's name.
        blocking: Whether nothing else may run beside it under the seed's concurrency policy.
        max_per_turn: How many calls one reply may make, or None.
        resources: What a call reads or writes, e.g. `read:file:{path}`, `write:file:{path}`, `write:workspace`,
            `read:workspace`; `{name}` stands for the handler's argument of that name.
        output_bytes: How much of its output a model reads at most.
        dialect: The dialect that an overlay prescribes for it (`syntax_style`), or "".
    """

    id: str
    name: str
    kind: ToolKind
    description: str
    parameters: tuple[Parameter, ...] = ()
    argument_names: dict[str, str] = {}
    blocking: bool = True
    max_per_turn: int | None = None
    resources: tuple[str, ...] = ()
    output_bytes: int = 16_384
    dialect: str = ""

    def json_schema(self) -> dict[str, Any]:
        """The parameters as a JSON schema of an object, with descriptions, defaults and examples."""
        return {
            "type": "object",
            "properties": {parameter.name: _described(parameter) for parameter in self.parameters},
            "required": [parameter.name for parameter in self.parameters if parameter.required],
            "additionalProperties": False,
        }


def _described(parameter: Parameter) -> dict[str, Any]:
    schema = dict(parameter.schema)
    if parameter.description:
        schema["description"] = parameter.description
    if parameter.default is not None:
        schema["default"] = parameter.default
    if parameter.examples:
        schema["examples"] = list(parameter.examples)
    return schema
