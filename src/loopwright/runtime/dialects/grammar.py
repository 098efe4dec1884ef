"""The grammar of one turn: which dialect is for edits, which for the shell, which for all other tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from loopwright.runtime.calls import Parsed
from loopwright.runtime.dialects.dialect import Dialect, ParseOptions
from loopwright.runtime.dialects.registry import get_dialect
from loopwright.runtime.dialects.scanner import parse
from loopwright.runtime.tools.spec import ToolSpec

__all__ = ["NATIVE", "Grammar", "Role", "role_of"]

NATIVE = "provider_native"
Role = str  # "edit", "shell" or "other"


def role_of(tool: ToolSpec) -> Role:
    """Which part of a grammar a tool is called by: `edit`, `shell` or `other`."""
    return tool.kind if tool.kind in ("edit", "shell") else "other"


class Grammar(Struct, frozen=True):
    """The dialects of one turn.

    Attributes:
        edit: The name of the dialect for file edits. One that serves any tool calls the edit tools by their names.
        shell: The name of the dialect for shell commands.
        other: The name of the dialect for all other tools.
        overlaid: By the id of a tool: the dialect that an overlay prescribes for it.
        why: By `edit`, `shell`, `other` and the id of an overlaid tool: the key of the config that decided.
        options: What parsing must know of the run.
    """

    edit: str = NATIVE
    shell: str = NATIVE
    other: str = NATIVE
    overlaid: Mapping[str, str] = {}
    why: Mapping[str, str] = {}
    options: ParseOptions = ParseOptions()

    @property
    def native(self) -> bool:
        """Whether any tool is called by the provider's own means."""
        return NATIVE in self.names

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all dialects of it, each once; the order settles who reads a place that two could read."""
        return tuple(dict.fromkeys((self.edit, self.shell, self.other, *self.overlaid.values())))

    def dialect_of(self, tool: ToolSpec) -> str:
        """The name of the dialect in which a tool is called."""
        named = {"edit": self.edit, "shell": self.shell, "other": self.other}
        return self.overlaid.get(tool.id) or named[role_of(tool)]

    def native_tools(self, tools: Iterable[ToolSpec]) -> tuple[ToolSpec, ...]:
        """Those of the tools that are to be offered as schemas of the provider's API."""
        return tuple(tool for tool in tools if self.dialect_of(tool) == NATIVE)

    def parse(self, text: str, reply: int) -> Parsed:
        """Read the text of the `reply`-th reply (from 1). Linear in its length; never raises."""
        dialects: list[Dialect] = [get_dialect(name) for name in self.names if name != NATIVE]
        return parse(text, reply, dialects, self.options) if dialects else Parsed((), (), text)
