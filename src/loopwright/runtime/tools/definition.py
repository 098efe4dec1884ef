"""A tool's YAML file: what a model sees of it, what it may collide with, and which handler runs it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from loopwright.base import UsageError
from loopwright.runtime.tools._arguments import meant
from loopwright.runtime.tools.spec import Parameter, ToolKind, ToolSpec

__all__ = ["SHIPPED", "Definition", "load_definitions"]

SHIPPED = {"@core": "core", "@opencode": "opencode"}
_MOST_BYTES = 65_536

# What a handler cannot do without, and the kind by which permissions, rules and modes know what it does.
_CONTRACTS: dict[str, tuple[ToolKind | None, tuple[str, ...]]] = {
    "apply_patch": ("edit", ("patch",)),
    "create_file": ("write", ("path",)),
    "edit_file": ("edit", ("path", "old", "new")),
    "find_files": (None, ("pattern",)),
    "read_file": (None, ("path",)),
    "run_shell": ("shell", ("command",)),
    "search": (None, ("pattern",)),
    "write_file": ("write", ("path", "content")),
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True, allow_inf_nan=False)


class ParameterFile(_Strict):
    """One argument; what is not a field of its own here is JSON schema (`enum`, `minimum`, `items`, ...)."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    type: Literal["string", "integer", "number", "boolean", "array", "object"]
    description: str = ""
    required: bool = True
    default: Any = None
    examples: list[Any] = []
    enum: list[Any] | None = None
    minimum: float | None = None
    maximum: float | None = None
    items: dict[str, Any] | None = None
    handler_name: str | None = None
    """The handler's name of this argument, where it differs."""

    def parameter(self) -> Parameter:
        """As the model sees it."""
        schema: dict[str, Any] = {"type": self.type}
        for name in ("enum", "minimum", "maximum", "items"):
            value = getattr(self, name)
            if value is not None:
                schema[name] = int(value) if isinstance(value, float) and self.type == "integer" else value
        return Parameter(self.name, schema, self.description, self.required, self.default, tuple(self.examples))


class Execution(_Strict):
    """How calls of it may run."""

    blocking: bool = True
    max_per_turn: int | None = Field(default=None, ge=1)


class DefinitionFile(_Strict):
    """The whole file."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: ToolKind
    description: str = Field(min_length=1)
    handler: str = Field(min_length=1)
    parameters: list[ParameterFile] = []
    execution: Execution = Execution()
    resources: list[str] = []
    output_bytes: int = Field(default=16_384, ge=1024)


class Definition(ToolSpec, frozen=True):
    """A tool as its file defines it. `handler` names the function that runs it; `source` is the file."""

    handler: str = ""
    source: str = ""


def load_definitions(folders: Iterable[str | Path], handlers: Iterable[str]) -> tuple[dict[str, Definition], str]:
    """The tools of these folders by id (a later folder wins), and a digest of their files.

    Raises:
        UsageError: A folder or file is missing or wrong, or a tool names a handler that does not exist.
    """
    known = sorted(handlers)
    found: dict[str, Definition] = {}
    digest = hashlib.sha256()
    for folder in folders:
        for file in _files(folder):
            data = file.read_bytes()
            digest.update(data)
            definition = _read(str(file), data)
            if definition.handler not in known:
                what = f"the tool {definition.id} names the handler {definition.handler!r}, which does not exist"
                raise UsageError(what, where=str(file), remedy=meant(definition.handler, known))
            _check_contract(definition)
            found[definition.id] = definition
    return found, digest.hexdigest()


def _check_contract(tool: Definition) -> None:
    kind, needed = _CONTRACTS.get(tool.handler, (None, ()))
    if kind is not None and tool.kind != kind:
        raise UsageError(
            f"the tool {tool.id} is of the kind {tool.kind}, but {tool.handler} is of the kind {kind}",
            where=tool.source,
            remedy=f"Write kind: {kind}; permissions and rules go by it.",
        )
    names = [one.name for one in tool.parameters]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"the tool {tool.id} has two parameters called {twice!r}", where=tool.source)
    given = {tool.argument_names.get(one.name, one.name): one for one in tool.parameters}
    for name in needed:
        if name not in given or not given[name].required or given[name].schema.get("type") != "string":
            raise UsageError(
                f"the tool {tool.id} has no required parameter of type string for {tool.handler}'s {name!r}",
                where=tool.source,
                remedy=f"Add one called {name}, or with handler_name: {name}.",
            )


def _files(folder: str | Path) -> list[Traversable]:
    if str(folder) in SHIPPED:
        place: Traversable = files("loopwright.runtime.tools") / "defs" / SHIPPED[str(folder)]
    else:
        place = Path(folder)
        if not place.is_dir():
            raise UsageError(
                "there is no such folder of tools",
                where=str(folder),
                remedy=f"Name a folder, or one of {', '.join(SHIPPED)}.",
            )
    chosen = [file for file in place.iterdir() if file.name.endswith((".yaml", ".yml"))]
    return sorted(chosen, key=lambda file: file.name)


@lru_cache(maxsize=256)
def _read(file: str, data: bytes) -> Definition:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if len(data) > _MOST_BYTES:
            raise ValueError(f"it has {len(data)} bytes")
        written = DefinitionFile.model_validate(yaml.load(data, Loader=loader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"not a tool definition: {_words(error)}", where=file) from error
    return Definition(
        id=written.id,
        name=written.id,
        kind=written.kind,
        description=" ".join(written.description.split()),
        parameters=tuple(parameter.parameter() for parameter in written.parameters),
        argument_names={each.name: each.handler_name for each in written.parameters if each.handler_name},
        blocking=written.execution.blocking,
        max_per_turn=written.execution.max_per_turn,
        resources=tuple(written.resources),
        output_bytes=written.output_bytes,
        handler=written.handler,
        source=file,
    )


def _words(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc']) or 'the file'}: {first['msg']}"
    return str(error)
