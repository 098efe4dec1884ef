"""The tools of one run: chosen, dressed by overlays, found by the name that a model calls, and run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct, structs

from loopwright.base import UsageError, valid
from loopwright.runtime.calls import Call, Outcome
from loopwright.runtime.tools._arguments import check_arguments, meant
from loopwright.runtime.tools.context import Handler, ToolContext
from loopwright.runtime.tools.spec import Parameter, ToolSpec

__all__ = ["Dress", "Tool", "Toolset", "cap", "choose", "dressed"]


class Tool(Struct, frozen=True):
    """A tool that can run."""

    spec: ToolSpec
    handler: Handler


class Dress(Struct, frozen=True):
    """What an overlay changes, by tool id. `arguments` maps, per tool, the shown name to the real one."""

    rename: Mapping[str, str] = {}
    descriptions: Mapping[str, str] = {}
    arguments: Mapping[str, Mapping[str, str]] = {}
    syntax_style: Mapping[str, str] = {}


def choose(tools: Iterable[Tool], include: Sequence[str]) -> list[Tool]:
    """The tools whose ids match one of the globs, in the order of the globs.

    Raises:
        UsageError: A glob matches no tool.
    """
    every = list(tools)
    chosen: dict[str, Tool] = {}
    for glob in include:
        matching = [tool for tool in every if fnmatchcase(tool.spec.id, glob)]
        if not matching:
            names = sorted(tool.spec.id for tool in every)
            raise UsageError(f"no tool is called {glob!r}", where="tools.registry.include", remedy=meant(glob, names))
        chosen |= {tool.spec.id: tool for tool in matching}
    return list(chosen.values())


def dressed(tool: Tool, dress: Dress) -> Tool:
    """The tool as an overlay shows it; it runs as before.

    Raises:
        UsageError: The overlay renames an argument that the tool does not have, or gives two of them one name.
    """
    spec = tool.spec
    shown = {real: name for name, real in dress.arguments.get(spec.id, {}).items()}
    lost = next((real for real in shown if real not in {one.name for one in spec.parameters}), None)
    if lost is not None:
        names = ", ".join(one.name for one in spec.parameters)
        raise UsageError(f"{spec.id} has no argument {lost!r}", where="tools.overlays", remedy=f"It has: {names}.")
    seen = [shown.get(one.name, one.name) for one in spec.parameters]
    twice = next((name for name in seen if seen.count(name) > 1), None)
    if twice is not None:
        raise UsageError(
            f"two arguments of {spec.id} would be called {twice!r}",
            where="tools.overlays",
            remedy="Give the other one another name too.",
        )
    names_of = {shown.get(one.name, one.name): spec.argument_names.get(one.name, one.name) for one in spec.parameters}
    return Tool(
        structs.replace(
            spec,
            name=dress.rename.get(spec.id, spec.name),
            description=dress.descriptions.get(spec.id, spec.description),
            parameters=tuple(_renamed(one, shown) for one in spec.parameters),
            argument_names={name: real for name, real in names_of.items() if name != real},
            dialect=dress.syntax_style.get(spec.id, spec.dialect),
        ),
        tool.handler,
    )


def _renamed(parameter: Parameter, shown: Mapping[str, str]) -> Parameter:
    return structs.replace(parameter, name=shown.get(parameter.name, parameter.name))


class Toolset:
    """Finds and runs the tools of a run.

    Args:
        tools: In the order in which they are shown.
        aliases: Names that models call by habit -> the name or id of the tool that then runs.

    Raises:
        UsageError: Two tools have one name, or an alias leads nowhere or in a circle.
    """

    def __init__(self, tools: Sequence[Tool], aliases: Mapping[str, str] | None = None) -> None:
        self.tools = tuple(tools)
        self._by_name: dict[str, Tool] = {}
        for tool in tools:
            if tool.spec.name in self._by_name:
                other = self._by_name[tool.spec.name].spec.id
                raise UsageError(f"two tools are called {tool.spec.name}: {other} and {tool.spec.id}", where="tools")
            self._by_name[tool.spec.name] = tool
        by_id = {tool.spec.id: tool for tool in tools}
        self._by_alias = {alias: self._aliased(alias, aliases or {}, by_id) for alias in aliases or {}}

    def _aliased(self, alias: str, aliases: Mapping[str, str], by_id: Mapping[str, Tool]) -> Tool:
        seen = [alias]
        while seen[-1] in aliases:
            target = aliases[seen[-1]]
            if target in seen:
                raise UsageError(f"aliases lead in a circle: {' -> '.join([*seen, target])}", where="tools.aliases")
            seen.append(target)
        tool = self._by_name.get(seen[-1]) or by_id.get(seen[-1])
        if tool is None:
            advice = meant(seen[-1], list({**by_id, **self._by_name}))
            raise UsageError(f"there is no tool {seen[-1]!r}", where=f"tools.aliases.{alias}", remedy=advice)
        return tool

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """All tools as they are shown."""
        return tuple(tool.spec for tool in self.tools)

    def find(self, name: str, among: Callable[[ToolSpec], bool] = lambda spec: True) -> Tool:
        """The tool that a call means.

        Raises:
            UsageError: There is none; the text names the nearest one that `among` lets through, for the model.
        """
        tool = self._by_name.get(name) or self._by_alias.get(name)
        if tool is not None:
            return tool
        names = [spec.name for spec in self.specs if among(spec)]
        raise UsageError(f"there is no tool named {name!r}.", remedy=meant(name, names))

    def arguments(self, tool: Tool, call: Call) -> dict[str, Any]:
        """The arguments of a call under the handler's names.

        Raises:
            UsageError: One is missing, unknown or of another type, or they could not be read at all.
        """
        given = check_arguments(tool.spec, call)
        return {tool.spec.argument_names.get(name, name): value for name, value in given.items()}

    async def run(self, tool: Tool, context: ToolContext, arguments: dict[str, Any], call_id: str) -> Outcome:
        """Run a checked call. What goes wrong on the model's side comes back as a failed outcome, never as silence.

        Raises:
            MachineError: The sandbox itself does not work.
        """
        try:
            outcome = await tool.handler(context, arguments, call_id)
        except UsageError as error:
            place = f"{error.where}: " if error.where else ""
            advice = f". {error.remedy}" if error.remedy else ""
            return Outcome(valid(f"error: {place}{error.what}{advice}"), "failed")
        except (OSError, ValueError, OverflowError, RecursionError) as error:
            # Whatever a model may name (a path of 300 characters, a folder that cannot be read) is its own affair.
            return Outcome(valid(f"error: {tool.spec.name} failed: {error}"), "failed", may_change_files=True)
        return structs.replace(outcome, text=cap(valid(outcome.text), tool.spec.output_bytes))


def cap(text: str, limit: int) -> str:
    """`text` in at most about `limit` bytes of UTF-8: head and tail, which say the most, and the size of the gap."""
    data = text.encode("utf-8", "replace")
    if len(data) <= limit:
        return text
    half = limit // 2
    head, tail = data[:half].decode("utf-8", "ignore"), data[-half:].decode("utf-8", "ignore")
    return f"{head}\n[... {len(data) - 2 * half} bytes left out ...]\n{tail}"
