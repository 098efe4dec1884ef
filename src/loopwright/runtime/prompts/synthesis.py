"""Tool prompt synthesis: which tools are described, by which dialect's templates, and how fully."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from loopwright.base import UsageError
from loopwright.runtime.config.schema import AgentConfig
from loopwright.runtime.config.schema.loop import Mode
from loopwright.runtime.dialects.grammar import NATIVE, Grammar, role_of
from loopwright.runtime.dialects.registry import get_dialect
from loopwright.runtime.prompts.compiled import Chunk
from loopwright.runtime.prompts.rendering import Template, shipped
from loopwright.runtime.prompts.tool_views import tool_view
from loopwright.runtime.tools.spec import ToolSpec

__all__ = ["Synthesis"]

_HARMLESS = ("read", "search", "tests", "finish")
_WHERE = "prompts.tool_prompt_synthesis"
_RANK = {"any": 0, "shell": 1, "edit": 2}


class Synthesis:
    """The descriptions of tools for one mode.

    Attributes:
        missing: Per-turn templates that were asked for and do not exist, as `DIALECT/KEY`.
    """

    def __init__(
        self, config: AgentConfig, tools: Sequence[ToolSpec], grammar: Grammar, mode: str, model_id: str
    ) -> None:
        self.missing: list[str] = []
        self._config = config.prompts.tool_prompt_synthesis
        self._grammar = grammar
        self._mode = mode
        self._suppressed = config.provider_tools.suppress_prompts
        self._selected = _selected(self._config.selection.by_mode, self._config.selection.by_model, mode, model_id)
        offered = [tool for tool in tools if _allowed(config.mode(mode), tool)]
        self._plans = all(tool.kind in _HARMLESS for tool in offered)
        self._groups = self._grouped(offered) if self._config.enabled else {}

    def system(self) -> list[Chunk]:
        """What the system prompt says of the tools, one piece a dialect."""
        key = "system_plan" if self._plans else f"system_{self._config.detail.system}"
        return list(self._rendered(key))

    def per_turn(self) -> list[Chunk]:
        """What is said of the tools with each prompt, one piece a dialect."""
        detail = self._config.detail.per_turn
        if detail == "none":
            return []
        if detail == "full":
            return list(self._rendered("system_plan" if self._plans else "system_full"))
        return list(self._rendered("per_turn_plan" if self._plans else "per_turn_short"))

    def _grouped(self, offered: Iterable[ToolSpec]) -> dict[str, list[ToolSpec]]:
        """The tools by the dialect that describes them: dialects for any tool first, then shell, then edits."""
        groups: dict[str, list[ToolSpec]] = {}
        for tool in offered:
            if not (self._suppressed and self._grammar.dialect_of(tool) == NATIVE):
                groups.setdefault(self._describing(tool), []).append(tool)
        if self._plans:
            # What may not be written in this mode deserves a word too.
            for name in (self._grammar.edit, self._grammar.shell):
                if get_dialect(name).serves != "any":
                    groups.setdefault(name, [])
        return dict(sorted(groups.items(), key=lambda group: _RANK[get_dialect(group[0]).serves]))

    def _describing(self, tool: ToolSpec) -> str:
        """The dialect of a tool's description: the selected one takes the place of the grammar's of the same use."""
        own = self._grammar.dialect_of(tool)
        if self._selected is None:
            return own
        serves = get_dialect(self._selected).serves
        fits = get_dialect(own).serves == "any" if serves == "any" else serves == role_of(tool)
        return self._selected if fits else own

    def _rendered(self, key: str) -> Iterator[Chunk]:
        for dialect, tools in self._groups.items():
            template = self._template(dialect, key)
            if template is None:
                self.missing.append(f"{dialect}/{key}")
                continue
            views = [tool_view(tool, dialect, self._grammar.options) for tool in tools]
            values = {"dialect": dialect, "mode": self._mode, "options": self._grammar.options, "tools": views}
            text = template.render(values, f"{_WHERE}.dialects.{dialect}.{key}")
            yield Chunk("tools", text.strip("\n"), template.source, f"{dialect}/{key}@{template.digest}")

    def _template(self, dialect: str, key: str) -> Template | None:
        """The template: the config's own, else one below its `root`, else the shipped one.

        A dialect with templates in the config has only those for its per-turn texts.

        Raises:
            UsageError: There is none, and it is one for the system prompt; or the file cannot be read.
        """
        own = self._config.dialects.get(dialect)
        path: Path | None = getattr(own, key) if own else None
        if path is not None:
            return Template.read(path, f"{_WHERE}.dialects.{dialect}.{key}")
        below = self._config.root / dialect / f"{key}.j2.md" if self._config.root else None
        if below is not None and below.is_file():
            return Template.read(below, f"{_WHERE}.root")
        per_turn = key.startswith("per_turn")
        found = None if per_turn and own is not None and own.model_fields_set else shipped(dialect, key)
        if found is None and not per_turn:
            looked = f"; {below} does not exist" if below else ""
            raise UsageError(
                f"the dialect {dialect} has no template `{key}`{looked}",
                where=f"{_WHERE}.dialects.{dialect}.{key}",
                remedy="Name a file there.",
            )
        return found


def _selected(by_mode: Mapping[str, str], by_model: Mapping[str, str], mode: str, model_id: str) -> str | None:
    if mode in by_mode:
        return by_mode[mode]
    return next((dialect for glob, dialect in by_model.items() if fnmatchcase(model_id, glob)), None)


def _allowed(mode: Mode, tool: ToolSpec) -> bool:
    enabled = mode.tools_enabled is None or any(fnmatchcase(tool.id, glob) for glob in mode.tools_enabled)
    return enabled and not any(fnmatchcase(tool.id, glob) for glob in mode.tools_disabled)
