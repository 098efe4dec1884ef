"""What the schema cannot say: names that must exist, and settings that contradict one another or do nothing."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from loopwright.base import UsageError
from loopwright.runtime.config.conditions import parse
from loopwright.runtime.config.keys import values
from loopwright.runtime.config.problems import Problem, did_you_mean
from loopwright.runtime.config.schema import AgentConfig
from loopwright.runtime.config.schema._section import Means
from loopwright.runtime.config.schema.prompts import CACHE, PACK_ITEM
from loopwright.runtime.config.schema.providers import ModelEntry
from loopwright.runtime.config.written import Loc, Tree, dotted, reach

if TYPE_CHECKING:
    from loopwright.runtime.tools.definition import Definition

__all__ = ["check"]


def check(config: AgentConfig, tree: Tree, tools: Collection[str] | None = None) -> tuple[list[Problem], list[Problem]]:
    """Look at a whole configuration.

    Args:
        config: The configuration.
        tree: The file, for the places.
        tools: Ids of the tools that it may offer; read from its `tools.registry` where None.

    Returns:
        What makes it unusable, and what is written but has no effect.

    Raises:
        UsageError: A definition of a tool is wrong, or has no handler.
    """
    checker = _Checker(config, tree, [tool.id for tool in _definitions(config)] if tools is None else tools)
    for look in (
        checker.names,
        checker.providers,
        checker.provider_tools,
        checker.rest,
        checker.mirror,
        checker.permissions,
        checker.idle,
    ):
        look()
    return checker.problems, checker.notices


def _definitions(config: AgentConfig) -> Collection[Definition]:
    from loopwright.runtime.tools.definition import load_definitions
    from loopwright.runtime.tools.handlers import HANDLERS

    return load_definitions(config.tools.registry.paths, HANDLERS)[0].values()


def _matches(name: str, globs: Collection[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


class _Checker:
    def __init__(self, config: AgentConfig, tree: Tree, tools: Collection[str]) -> None:
        from loopwright.runtime.dialects import dialect_names
        from loopwright.runtime.rules import RULES

        self.config = config
        self.problems: list[Problem] = []
        self.notices: list[Problem] = []
        self._tree = tree
        self._texts: set[tuple[str, str]] = set()
        self._reached: set[str] = set()
        include = config.tools.registry.include
        offered = [tool for tool in tools if any(fnmatchcase(tool, glob) for glob in include)]
        shown = [name for overlay in config.tools.overlays for name in overlay.rename.values()]
        self._tools = {
            "": offered,
            "glob": offered,
            "defined": tools,
            "alias": [*offered, *shown, *config.tools.aliases],
        }
        self._known: dict[str, Collection[str]] = {
            "dialect": dialect_names(),
            "rule": list(RULES),
            "mode": [mode.name for mode in config.modes],
            "feature": list(config.features),
        }

    def names(self) -> None:
        """Everything of which the schema says that it names something."""
        for value in values(self.config, written=True):
            for loc, text, means in value.named():
                self._name(means, text, loc)
                if means.what == "mode" and loc[0] == "loop":
                    self._reached.add(text)

    def _name(self, means: Means, text: str, at: Loc) -> None:
        known = self._known.get(means.what)
        if means.what == "text":
            self._text(text, at, ordered=means.how == "order")
        elif means.what == "condition":
            self._condition(text, at)
        elif means.what == "tool":
            self._tool(text, at, means.how)
        elif known is not None and text not in known:
            self._wrong(at, f"there is no {means.what} {text!r}", did_you_mean(text, known))

    def _tool(self, text: str, at: Loc, how: str) -> None:
        known, globs = self._tools[how], how in ("glob", "defined")
        if text.partition("__")[0] in self.config.tools.mcp:
            return  # a tool of an MCP server, which only the server itself knows
        if not any(fnmatchcase(tool, text) if globs else tool == text for tool in known):
            what = f"{text!r} matches no tool" if globs else f"there is no tool {text!r}"
            self._wrong(at, what, did_you_mean(text, known))

    def _text(self, text: str, at: Loc, *, ordered: bool) -> None:
        item = text.removeprefix(CACHE).strip() if ordered else text
        match = PACK_ITEM.fullmatch(item)
        if match is None:
            if not ordered or item not in ("mode_specific", "tools"):
                others = ", `mode_specific`, or `tools`" if ordered else ""
                self._wrong(at, f"{item!r} is not `@pack(NAME).KEY`{others}")
            return
        pack, key = match.groups()
        packs = self.config.prompts.packs
        self._texts.add((pack, key))
        if pack not in packs:
            self._wrong(at, f"there is no pack {pack!r}", did_you_mean(pack, packs))
        elif key not in packs[pack]:
            self._wrong(at, f"the pack {pack!r} has no text {key!r}", did_you_mean(key, packs[pack]))

    def _condition(self, text: str, at: Loc) -> None:
        try:
            condition = parse(text)
        except UsageError as error:
            self._wrong(at, error.what, error.remedy or "")
            return
        for means, named in ((Means("feature"), condition.features), (Means("tool"), condition.tools)):
            for name in sorted(named):
                self._name(means, name, at)

    def providers(self) -> None:
        config, named = self.config, self.config.providers
        ids = [entry.id for entry in named.models]
        self._twice("model", ids, ("providers", "models"), "id")
        if named.entry(named.default_model) is None:
            remedy = did_you_mean(named.default_model, ids)
            self._wrong(("providers", "default_model"), "it is not among `models`", remedy)
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

    def provider_tools(self) -> None:
        config, models = self.config, self.config.providers.models
        entry = config.entry(config.providers.default_model)
        if config.profile.seed is not None and entry is not None and config.api(entry) != "chat":
            self._wrong(("profile", "seed"), f"the {config.api(entry)} API has no seed", "Remove it.")
        adapters = {entry.adapter for entry in models}
        if config.provider_tools.api_variant and adapters.isdisjoint({"openai", "anthropic"}):
            self._wrong(("provider_tools", "api_variant"), "all models name their API in `adapter`", "Remove it.")

    def rest(self) -> None:
        """Modes, rules, and signs of the end."""
        config = self.config
        modes, validation, completion = self._known["mode"], config.enhanced_tools.validation, config.completion
        self._twice("mode", list(modes), ("modes",), "name")
        if config.loop.plan_turn_limit is not None and "plan" not in modes:
            self._wrong(("loop", "plan_turn_limit"), "there is no mode called `plan`", "Use `max_turns` of a mode.")
        for rule in [name for name in validation.rule_config if name not in validation.rules]:
            at: Loc = ("enhanced_tools", "validation", "rule_config", rule)
            self._wrong(at, "this rule is not among `rules`", "Add it there, or remove this.")
        signs = {
            "tool": (completion.tool_finish, "Name it in `tool_finish`."),
            "sentinel": (completion.text_sentinels, "List lines in `text_sentinels`."),
            "provider": (completion.provider_signals, "Set `provider_signals: true`."),
        }
        there, remedy = signs.get(completion.primary, (True, ""))
        if not there:
            what = f"`{completion.primary}` is primary, and there is no such sign"
            self._wrong(("completion", "primary"), what, remedy)

    def mirror(self) -> None:
        """The visible copy, which would grow by itself among the files that are copied for each run."""
        workspace = self.config.workspace
        if workspace.root is not None and workspace.copied_from(workspace.root):
            what = f"it lies in workspace.root, {workspace.root}: each run would copy the copy of the one before"
            self._wrong(("workspace", "mirror", "path"), what, "Name a folder elsewhere.")

    def idle(self) -> None:
        """What is written, and has no effect."""
        config = self.config
        apis = {config.api(entry) for entry in config.providers.models}
        for key, needed in _NEEDED_APIS.items():
            if not apis & needed:
                what = f"no model here is asked by the {' or '.join(sorted(needed))} API"
                self._idle(("provider_tools", *key), what)
        for pack, texts in config.prompts.packs.items():
            for name in texts:
                if (pack, name) not in self._texts:
                    self._idle(("prompts", "packs", pack, name), "no injection order and no mode names this text")
        if not config.enhanced_tools.validation.enabled and config.enhanced_tools.validation.rules:
            self._idle(("enhanced_tools", "validation", "rules"), "validation is not enabled")
        self._switched_off()
        self._nonblocking()
        modes = list(self._known["mode"])
        for index, mode in enumerate(modes):
            if mode not in (self._reached or modes[:1]):
                self._idle(("modes", index, "name"), f"`loop.sequence` never comes to the mode {mode!r}")

    def _switched_off(self) -> None:
        """Settings of what is not on."""
        config = self.config
        on: dict[Loc, bool] = {
            ("logging",): config.logging.enabled,
            ("workspace", "mirror"): config.workspace.mirror.enabled,
            ("loop", "stuck"): config.loop.stuck.enabled,
            ("telemetry",): config.telemetry.database_path is not None,
        }
        for section, keys in _SWITCHED.items():
            for key in keys if not on[section] else ():
                why = (
                    "no `database_path` is set" if section == ("telemetry",) else f"`{dotted(section)}` is not enabled"
                )
                self._idle((*section, *key.split(".")), why)

    def permissions(self) -> None:
        """A list of what is allowed where everything is: somebody believes to be protected by it."""
        given = self.config.enhanced_tools.permissions
        for name, section in (("shell", given.shell), ("file_write", given.file_write)):
            if section.allowlist and section.default == "allow":
                what = "it restricts nothing, because all that no glob matches is allowed too"
                at: Loc = ("enhanced_tools", "permissions", name, "allowlist")
                self._wrong(at, what, "Write `default: deny` beside it, or remove it.")

    def _nonblocking(self) -> None:
        """Where calls wait for what they share, only a tool that declares nothing goes by whether it blocks."""
        section = self.config.concurrency
        if section.policy != "resources" or not section.nonblocking_tools:
            return
        named = [tool for tool in _definitions(self.config) if _matches(tool.id, section.nonblocking_tools)]
        if named and all(tool.resources for tool in named):
            why = "with `policy: resources` these tools wait for what they share, as their definitions say"
            self._idle(("concurrency", "nonblocking_tools"), f"{why}; `policy: seed` goes by what blocks")

    def _twice(self, what: str, names: list[str], at: Loc, key: str) -> None:
        for index, name in enumerate(names):
            if name in names[:index]:
                self._wrong((*at, index, key), f"the {what} {name!r} is here twice")

    def _wrong(self, loc: Loc, what: str, remedy: str = "") -> None:
        done, node = reach(self._tree, loc)
        self.problems.append(Problem(dotted(done), what, str(node.origin), remedy))

    def _idle(self, loc: Loc, why: str) -> None:
        done, node = reach(self._tree, loc)
        if done == loc:
            self.notices.append(Problem(dotted(loc), f"has no effect: {why}", str(node.origin)))


# What counts only where its section is on.
_SWITCHED: dict[Loc, tuple[str, ...]] = {
    ("logging",): ("root_dir", "redact", "include_raw", "include_structured_requests", "retention.max_runs"),
    ("workspace", "mirror"): ("path", "mode"),
    ("loop", "stuck"): ("window", "nudge"),
    ("telemetry",): ("per_turn_metrics",),
}

_NEEDED_APIS = {
    ("openai", "include"): {"responses"},
    ("openai", "include_reasoning"): {"responses"},
    ("openai", "store"): {"chat", "responses"},
    ("anthropic", "max_output_tokens"): {"messages"},
    ("anthropic", "thinking_budget"): {"messages"},
    ("anthropic", "cache"): {"messages"},
}
