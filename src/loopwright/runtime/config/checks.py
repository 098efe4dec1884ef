"""What the schema cannot say: names that must exist, and settings that contradict one another or do nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase

from loopwright.base import UsageError
from loopwright.runtime.config.conditions import parse
from loopwright.runtime.config.known import dialect_names, rule_names, tool_ids
from loopwright.runtime.config.problems import Problem, did_you_mean
from loopwright.runtime.config.schema import AgentConfig
from loopwright.runtime.config.schema.loop import SequenceItem
from loopwright.runtime.config.schema.providers import ModelEntry
from loopwright.runtime.config.schema.tools import DialectPreference, DialectSelection
from loopwright.runtime.config.written import Loc, Tree, dotted, reach

__all__ = ["PACK_ITEM", "check"]

PACK_ITEM = re.compile(r"@pack\(([^()]+)\)\.([A-Za-z0-9_.-]+)")
"""A reference to a text: the pack and the key."""

_CACHE = "[CACHE]"


def check(config: AgentConfig, tree: Tree, tools: Collection[str] | None = None) -> tuple[list[Problem], list[Problem]]:
    """Look at a whole configuration.

    Returns:
        What makes it unusable, and what is written but has no effect.
    """
    checker = _Checker(config, tree, tool_ids(config) if tools is None else tools)
    for look in (checker.providers, checker.prompts, checker.tools, checker.modes, checker.loop, checker.endings):
        look()
    return checker.problems, checker.notices


class _Checker:
    def __init__(self, config: AgentConfig, tree: Tree, tools: Collection[str]) -> None:
        self.config = config
        self.problems: list[Problem] = []
        self.notices: list[Problem] = []
        self._tree = tree
        include = config.tools.registry.include
        self._all = tools
        self._tools = [tool for tool in tools if any(fnmatchcase(tool, glob) for glob in include)]
        self._modes = [mode.name for mode in config.modes]

    def providers(self) -> None:
        config, named = self.config, self.config.providers
        ids = [entry.id for entry in named.models]
        for index, name in enumerate(ids):
            if name in ids[:index]:
                self._wrong(("providers", "models", index, "id"), f"the model {name!r} is here twice")
        if named.entry(named.default_model) is None:
            self._wrong(
                ("providers", "default_model"), "it is not among `models`", did_you_mean(named.default_model, ids)
            )
        for index, entry in enumerate(named.models):
            at: Loc = ("providers", "models", index)
            for place, model in enumerate(entry.routing.fallback_models):
                where, other = (*at, "routing", "fallback_models", place), named.entry(model)
                if other is None:
                    self._wrong(where, f"{model!r} is not among `models`", did_you_mean(model, ids))
                elif config.api(other) != config.api(entry):
                    what = f"{model!r} is asked by the {config.api(other)} API, {entry.id!r} by {config.api(entry)}"
                    self._wrong(where, what, "A conversation keeps to one API: choose a model of the same.")
            self._thinking(entry, at)
            if entry.params.stop and config.api(entry) == "responses":
                self._wrong((*at, "params", "stop"), "the responses API has no stop texts", "Remove it.")
        self._provider_tools()

    def _thinking(self, entry: ModelEntry, at: Loc) -> None:
        tools, params = self.config.provider_tools.anthropic, entry.params
        if tools.thinking_budget is None or self.config.api(entry) != "messages":
            return
        most = params.max_output_tokens or tools.max_output_tokens
        if tools.thinking_budget >= most:
            where = ("provider_tools", "anthropic", "thinking_budget")
            self._wrong(where, f"{entry.id!r} writes {most} tokens at most, thinking included", "Lower the budget.")
        if params.temperature not in (None, 1):
            self._wrong((*at, "params", "temperature"), "a model that thinks takes no temperature but 1", "Remove it.")

    def _provider_tools(self) -> None:
        config = self.config
        apis = {config.api(entry) for entry in config.providers.models}
        entry = config.entry(config.providers.default_model)
        if config.profile.seed is not None and entry is not None and config.api(entry) != "chat":
            self._wrong(("profile", "seed"), f"the {config.api(entry)} API has no seed", "Remove it.")
        if config.provider_tools.api_variant and {e.adapter for e in config.providers.models}.isdisjoint(
            {"openai", "anthropic"}
        ):
            self._wrong(("provider_tools", "api_variant"), "all models name their API in `adapter`", "Remove it.")
        for key, needed in _NEEDED_APIS.items():
            if not apis & needed:
                self._idle(("provider_tools", *key), f"no model here is asked by the {' or '.join(sorted(needed))} API")

    def prompts(self) -> None:
        prompts, used = self.config.prompts, set()
        for order in ("system_order", "per_turn_order"):
            for index, item in enumerate(getattr(prompts.injection, order)):
                used.add(self._pack_item(item.removeprefix(_CACHE).strip(), ("prompts", "injection", order, index)))
        for index, mode in enumerate(self.config.modes):
            if mode.prompt is not None:
                used.add(self._pack_item(mode.prompt, ("modes", index, "prompt"), reference_only=True))
        for pack, texts in prompts.packs.items():
            for key in texts:
                if (pack, key) not in used:
                    self._idle(("prompts", "packs", pack, key), "no injection order and no mode names this text")
        self._templates()

    def _pack_item(self, item: str, at: Loc, *, reference_only: bool = False) -> tuple[str, str] | None:
        if item in ("mode_specific", "tools") and not reference_only:
            return None
        match = PACK_ITEM.fullmatch(item)
        if match is None:
            others = "" if reference_only else ", `mode_specific`, or `tools`"
            self._wrong(at, f"{item!r} is not `@pack(NAME).KEY`{others}")
            return None
        pack, key = match.groups()
        packs = self.config.prompts.packs
        if pack not in packs:
            self._wrong(at, f"there is no pack {pack!r}", did_you_mean(pack, packs))
        elif key not in packs[pack]:
            self._wrong(at, f"the pack {pack!r} has no text {key!r}", did_you_mean(key, packs[pack]))
        return pack, key

    def _templates(self) -> None:
        at: Loc = ("prompts", "tool_prompt_synthesis")
        synthesis = self.config.prompts.tool_prompt_synthesis
        for dialect in synthesis.dialects:
            self._dialects([dialect], (*at, "dialects", dialect))
        for glob, dialect in synthesis.selection.by_model.items():
            self._dialects([dialect], (*at, "selection", "by_model", glob))
        for mode, dialect in synthesis.selection.by_mode.items():
            self._mode(mode, (*at, "selection", "by_mode", mode))
            self._dialects([dialect], (*at, "selection", "by_mode", mode))

    def tools(self) -> None:
        config = self.config.tools
        self._globs(config.registry.include, ("tools", "registry", "include"), of=self._all)
        for index, overlay in enumerate(config.overlays):
            for key in ("rename", "descriptions", "arguments", "syntax_style"):
                for tool in getattr(overlay, key):
                    self._tool(tool, ("tools", "overlays", index, key, tool))
            for tool, dialect in overlay.syntax_style.items():
                self._dialects([dialect], ("tools", "overlays", index, "syntax_style", tool))
        shown = {name for overlay in config.overlays for name in overlay.rename.values()}
        for alias, tool in config.aliases.items():
            self._tool(tool, ("tools", "aliases", alias), also=shown | set(config.aliases))
        preference, selection = config.dialects.preference, config.dialects.selection
        for loc, order in _orders(preference, ("tools", "dialects", "preference")):
            self._dialects(order, loc)
        for loc, order in _orders(selection, ("tools", "dialects", "selection")):
            self._dialects(order, loc)
        for mode in preference.by_mode:
            self._mode(mode, ("tools", "dialects", "preference", "by_mode", mode))
        self._concurrency()
        self._rules()

    def _concurrency(self) -> None:
        config = self.config.concurrency
        for index, group in enumerate(config.groups):
            at: Loc = ("concurrency", "groups", index)
            self._globs(group.match_tools, (*at, "match_tools"))
            if group.barrier_after is not None:
                self._globs([group.barrier_after], (*at, "barrier_after"), indexed=False)
        self._globs(config.nonblocking_tools, ("concurrency", "nonblocking_tools"))
        self._globs(config.at_most_one_of, ("concurrency", "at_most_one_of"))

    def _rules(self) -> None:
        validation, at = self.config.enhanced_tools.validation, ("enhanced_tools", "validation")
        for index, rule in enumerate(validation.rules):
            if rule not in rule_names():
                self._wrong((*at, "rules", index), f"there is no rule {rule!r}", did_you_mean(rule, rule_names()))
        for rule in validation.rule_config:
            if rule not in validation.rules:
                self._wrong(
                    (*at, "rule_config", rule), "this rule is not among `rules`", "Add it there, or remove this."
                )
        if not validation.enabled and validation.rules:
            self._idle((*at, "rules"), "validation is not enabled")

    def modes(self) -> None:
        for index, mode in enumerate(self.config.modes):
            at: Loc = ("modes", index)
            if mode.name in self._modes[:index]:
                self._wrong((*at, "name"), f"the mode {mode.name!r} is here twice")
            self._globs(mode.tools_enabled or (), (*at, "tools_enabled"))
            self._globs(mode.tools_disabled, (*at, "tools_disabled"))
            for place, condition in enumerate(mode.exit.when):
                self._condition(condition, (*at, "exit", "when", place))

    def loop(self) -> None:
        loop, reached = self.config.loop, set[str]()
        for loc, item in _items(loop.sequence, ("loop", "sequence")):
            if item.mode is not None:
                reached.add(item.mode)
                self._mode(item.mode, (*loc, "mode"))
            for key, condition in (("if", item.if_), ("while", item.while_)):
                if condition is not None:
                    self._condition(condition, (*loc, key))
        for index, name in enumerate(self._modes):
            if name not in (reached or self._modes[:1]):
                self._idle(("modes", index, "name"), f"`loop.sequence` never comes to the mode {name!r}")
        if loop.plan_turn_limit is not None and "plan" not in self._modes:
            self._wrong(("loop", "plan_turn_limit"), "there is no mode called `plan`", "Use `max_turns` of a mode.")

    def endings(self) -> None:
        completion, at = self.config.completion, ("completion",)
        missing = {
            "tool": completion.tool_finish is None,
            "sentinel": not completion.text_sentinels,
            "provider": not completion.provider_signals,
        }
        if missing.get(completion.primary):
            self._wrong(
                (*at, "primary"),
                f"`{completion.primary}` is primary, and there is no such sign",
                _SIGN[completion.primary],
            )
        if completion.tool_finish is not None and self._written((*at, "tool_finish")):
            self._tool(completion.tool_finish, (*at, "tool_finish"))

    def _condition(self, text: str, at: Loc) -> None:
        try:
            condition = parse(text)
        except UsageError as error:
            self._wrong(at, error.what, error.remedy or "")
            return
        for feature in sorted(condition.features - set(self.config.features)):
            self._wrong(at, f"there is no feature {feature!r}", did_you_mean(feature, self.config.features))
        for tool in sorted(condition.tools):
            self._tool(tool, at)

    def _mode(self, name: str, at: Loc) -> None:
        if name not in self._modes:
            self._wrong(at, f"there is no mode {name!r}", did_you_mean(name, self._modes))

    def _tool(self, name: str, at: Loc, also: Collection[str] = ()) -> None:
        if name not in self._tools and name not in also and not self._of_mcp(name):
            self._wrong(at, f"there is no tool {name!r}", did_you_mean(name, self._tools))

    def _of_mcp(self, name: str) -> bool:
        """Whether it may be a tool of an MCP server, which only the server itself knows."""
        return name.partition("__")[0] in self.config.tools.mcp

    def _globs(self, globs: Iterable[str], at: Loc, *, indexed: bool = True, of: Collection[str] = ()) -> None:
        tools = of or self._tools
        for index, glob in enumerate(globs):
            if not any(fnmatchcase(tool, glob) for tool in tools) and not self._of_mcp(glob):
                place = (*at, index) if indexed else at
                self._wrong(place, f"{glob!r} matches no tool", did_you_mean(glob, tools))

    def _dialects(self, names: Iterable[str], at: Loc) -> None:
        known = dialect_names()
        for name in names:
            if name not in known:
                self._wrong(at, f"there is no dialect {name!r}", did_you_mean(name, known))

    def _written(self, loc: Loc) -> bool:
        return reach(self._tree, loc)[0] == loc

    def _wrong(self, loc: Loc, what: str, remedy: str = "") -> None:
        self.problems.append(Problem(dotted(loc), what, str(reach(self._tree, loc)[1].origin), remedy))

    def _idle(self, loc: Loc, why: str) -> None:
        if self._written(loc):
            self.notices.append(Problem(dotted(loc), f"has no effect: {why}", str(reach(self._tree, loc)[1].origin)))


_SIGN = {
    "tool": "Name it in `tool_finish`.",
    "sentinel": "List lines in `text_sentinels`.",
    "provider": "Set `provider_signals: true`.",
}

_NEEDED_APIS = {
    ("openai", "include"): {"responses"},
    ("openai", "include_reasoning"): {"responses"},
    ("openai", "store"): {"chat", "responses"},
    ("anthropic", "max_output_tokens"): {"messages"},
    ("anthropic", "thinking_budget"): {"messages"},
    ("anthropic", "cache"): {"messages"},
}


def _items(items: tuple[SequenceItem, ...], at: Loc) -> Iterator[tuple[Loc, SequenceItem]]:
    for index, item in enumerate(items):
        loc = (*at, index)
        yield loc, item
        yield from _items(item.then, (*loc, "then"))
        yield from _items(item.do, (*loc, "do"))


def _orders(said: DialectPreference | DialectSelection, at: Loc) -> Iterator[tuple[Loc, tuple[str, ...]]]:
    """Every list of dialects, with its place."""
    for glob, order in said.by_model.items():
        yield (*at, "by_model", glob), order if isinstance(order, tuple) else order.order
    for kind in ("diff", "bash"):
        yield (*at, "by_tool_kind", kind), getattr(said.by_tool_kind, kind)
    if isinstance(said, DialectPreference):
        yield (*at, "default"), said.default
        for mode, order in said.by_mode.items():
            yield (*at, "by_mode", mode), order
