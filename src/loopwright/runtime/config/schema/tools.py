"""`tools`: which tools there are, under which names, and the syntax in which they are called."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from loopwright.runtime.config.schema._section import Globs, Section, ToolFolder

__all__ = [
    "AiderDiffPolicy",
    "ByToolKind",
    "CreateFilePolicy",
    "DialectPreference",
    "DialectSelection",
    "Dialects",
    "McpServer",
    "ModelPreference",
    "Overlay",
    "Registry",
    "Tools",
    "UnifiedDiffPolicy",
]


class Registry(Section):
    """Where definitions of tools are, and which of them are offered."""

    paths: tuple[ToolFolder, ...] = ("@core",)
    """Folders of tool definitions (YAML), or the shipped sets `@core` and `@opencode`; a later one wins on an id."""
    include: Globs = ("*",)
    """Which ids are offered. A pattern that matches none is an error."""


class Overlay(Section):
    """Another dress for tools, for some models. Tools are named by their ids; a renamed tool runs."""

    id: str = Field(min_length=1)
    """Its name in the record."""
    match: str = "*"
    """A glob on the full id of the model for which it holds."""
    rename: dict[str, str] = Field(default_factory=dict)
    """Tool -> the name that the model sees and calls."""
    descriptions: dict[str, str] = Field(default_factory=dict)
    """Tool -> the description that the model sees."""
    arguments: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Tool -> name of an argument that the model sees -> its real name."""
    syntax_style: dict[str, str] = Field(default_factory=dict)
    """Tool -> the text dialect in which it is called, whatever the preference says."""


class McpServer(Section):
    """A program that offers tools over MCP on its standard input and output."""

    command: tuple[str, ...] = Field(min_length=1)
    """The program and its arguments; it is run in the sandbox."""
    env: dict[str, str] = Field(default_factory=dict)
    """Variables of its environment, besides the sandbox's own."""


class ModelPreference(Section):
    """What one kind of model writes best. A plain list in the file is its `order`."""

    native: bool | None = None
    """Whether the provider's own tool calls are used for what they can do; wins over `provider_tools.use_native`."""
    order: tuple[str, ...] = ()
    """Dialects, best first."""


def _as_order(value: Any) -> Any:
    return {"order": value} if isinstance(value, tuple | list) else value


class ByToolKind(Section):
    """Dialects for one kind of tool."""

    diff: tuple[str, ...] = ()
    """For edits of files, best first."""
    bash: tuple[str, ...] = ()
    """For shell commands, best first."""


class DialectPreference(Section):
    """In which syntax the model is to call tools; `provider_native` in a list stands for the API's own.

    Of `by_mode`, `by_tool_kind`, `by_model` and `default`, the first that says something about a tool decides, and of a
    list the first dialect that can express the tool.
    """

    default: tuple[str, ...] = ()
    """For all others."""
    by_model: dict[str, Annotated[ModelPreference, BeforeValidator(_as_order)]] = Field(default_factory=dict)
    """Glob on the full model id -> preference; the first that matches."""
    by_tool_kind: ByToolKind = ByToolKind()
    """By kind of tool."""
    by_mode: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Mode -> dialects, best first."""


class DialectSelection(Section):
    """The seed's older spelling of `preference`; what `preference` says wins."""

    by_model: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Glob on the full model id -> dialects, best first."""
    by_tool_kind: ByToolKind = ByToolKind()
    """By kind of tool."""


class UnifiedDiffPolicy(Section):
    """New files in unified diffs."""

    use_dev_null: bool = False
    """A new file must come from `/dev/null`; off: a diff that only adds may also name a file that is not there."""


class AiderDiffPolicy(Section):
    """New files in search/replace blocks."""

    prefer_write_file_tool: bool = False
    """Refuse a block that would make a new file, and point to the tool that writes files."""


class CreateFilePolicy(Section):
    """How edit dialects make new files."""

    unified_diff: UnifiedDiffPolicy = UnifiedDiffPolicy()
    """`unified_diff`."""
    aider_diff: AiderDiffPolicy = AiderDiffPolicy()
    """`aider_diff`."""


class Dialects(Section):
    """The syntax of tool calls."""

    preference: DialectPreference = DialectPreference()
    """Which dialect."""
    selection: DialectSelection = DialectSelection()
    """The older spelling."""
    create_file_policy: CreateFilePolicy = CreateFilePolicy()
    """New files."""


class Tools(Section):
    """What the agent can do."""

    registry: Registry = Registry()
    """Definitions."""
    overlays: tuple[Overlay, ...] = ()
    """Dresses, applied in order."""
    aliases: dict[str, str] = Field(default_factory=dict)
    """A name that models call by habit -> the tool that then runs. Aliases are not shown to the model."""
    mcp: dict[str, McpServer] = Field(default_factory=dict)
    """Name -> server; its tools are called `NAME__TOOL`."""
    dialects: Dialects = Dialects()
    """Syntax."""
