"""`tools`: which tools there are, under which names, and the syntax in which they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from loopwright.runtime.config.schema._section import Dialect, Means, ModeName, Section, Tool, defaults, located

__all__ = ["ByToolKind", "Dialects", "Tools"]


def _shipped_or_located(value: Any) -> Any:
    return str(value) if isinstance(value, str) and value.startswith("@") else located(value)


_Folder = Annotated[str | Path, BeforeValidator(_shipped_or_located), Means("folder", "*.y*ml")]


# As the APIs take them; what they refuse would end the run with its first request.
_ToolName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]
_ArgumentName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
# Two underscores divide a server's name from that of its tool.
_ServerName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+(_[A-Za-z0-9-]+)*$", max_length=40)]


class Registry(Section):
    """Where definitions of tools are, and which of them are offered."""

    paths: tuple[_Folder, ...] = ("@core",)
    include: tuple[Annotated[str, Means("tool", "defined")], ...] = ("*",)


class Overlay(Section):
    """Another dress for tools, for some models. Tools are named by their ids; a renamed tool runs."""

    id: str = Field(min_length=1)
    match: str = "*"
    rename: dict[Tool, _ToolName] = Field(default_factory=dict)
    descriptions: dict[Tool, str] = Field(default_factory=dict)
    arguments: dict[Tool, dict[_ArgumentName, str]] = Field(default_factory=dict)
    syntax_style: dict[Tool, Dialect] = Field(default_factory=dict)


class McpServer(Section):
    """A program that offers tools over MCP on its standard input and output."""

    command: tuple[str, ...] = Field(min_length=1)
    env: dict[str, str] = Field(default_factory=dict)


class ModelPreference(Section):
    """What one kind of model writes best. A plain list in the file is its `order`."""

    native: bool | None = None
    order: tuple[Dialect, ...] = ()


def _as_order(value: Any) -> Any:
    return {"order": value} if isinstance(value, tuple | list) else value


class ByToolKind(Section):
    """Dialects for one kind of tool."""

    diff: tuple[Dialect, ...] = ()
    bash: tuple[Dialect, ...] = ()


class DialectPreference(Section):
    """In which syntax the model is to call tools; `provider_native` in a list stands for the API's own.

    Of `by_mode`, `by_tool_kind`, `by_model` and `default`, the first that says something about a tool decides, and of a
    list the first dialect that can express the tool.
    """

    default: tuple[Dialect, ...] = ()
    by_model: dict[str, Annotated[ModelPreference, BeforeValidator(_as_order)]] = Field(default_factory=dict)
    by_tool_kind: ByToolKind = defaults()
    by_mode: dict[ModeName, tuple[Dialect, ...]] = Field(default_factory=dict)


class DialectSelection(Section):
    """The seed's older spelling of `preference`; what `preference` says wins."""

    by_model: dict[str, tuple[Dialect, ...]] = Field(default_factory=dict)
    by_tool_kind: ByToolKind = defaults()


class UnifiedDiffPolicy(Section):
    """New files in unified diffs."""

    use_dev_null: bool = False


class AiderDiffPolicy(Section):
    """New files in search/replace blocks."""

    prefer_write_file_tool: bool = False


class CreateFilePolicy(Section):
    """How edit dialects make new files."""

    unified_diff: UnifiedDiffPolicy = defaults()
    aider_diff: AiderDiffPolicy = defaults()


class Dialects(Section):
    """The syntax of tool calls."""

    preference: DialectPreference = defaults()
    selection: DialectSelection = defaults()
    create_file_policy: CreateFilePolicy = defaults()


class Tools(Section):
    """What the agent can do."""

    registry: Registry = defaults()
    overlays: tuple[Overlay, ...] = ()
    aliases: dict[str, Annotated[str, Means("tool", "alias")]] = Field(default_factory=dict)
    mcp: dict[_ServerName, McpServer] = Field(default_factory=dict)
    dialects: Dialects = defaults()
