"""A profile, ready to run: its tools, its rules, its texts, and how the model is asked.

Everything that a profile says is looked up here once; the loop asks this object and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING

from loopwright.base import UsageError
from loopwright.runtime.agent.gates import Gates
from loopwright.runtime.agent.modes import Sequencer
from loopwright.runtime.config import AgentConfig, LoadedConfig
from loopwright.runtime.config.schema.providers import ModelEntry
from loopwright.runtime.dialects import Grammar, choose_grammar
from loopwright.runtime.providers.types import Api, Chunk, Params
from loopwright.runtime.tools.definition import load_definitions
from loopwright.runtime.tools.handlers import HANDLERS
from loopwright.runtime.tools.spec import ToolSpec
from loopwright.runtime.tools.toolset import Dress, Tool, Toolset, choose, dressed
from loopwright.sandbox import ResourceLimits

if TYPE_CHECKING:
    from loopwright.runtime.prompts import CompiledPrompts

__all__ = ["Harness", "check_profile", "command_limits"]

_GIB = 1 << 30


class Harness:
    """A profile for one model.

    Args:
        loaded: The profile.
        model_id: What `--model` names; a scripted or recorded model stands in for the profile's default model.
        model_name: The name that requests carry.
        extra: Tools that do not come from definitions (those of MCP servers).

    Raises:
        UsageError: Something in the profile does not fit together; nothing has been sent by then.
    """

    def __init__(self, loaded: LoadedConfig, model_id: str, model_name: str, extra: Sequence[Tool] = ()) -> None:
        self.loaded = loaded
        self.config = loaded.config
        self.model_id = self.config.identity(model_id)
        self.model_name = model_name
        self.toolset = self._toolset(extra)
        self.gates = Gates(self.config, self.toolset)
        self.sequencer = Sequencer(self.config)
        self._grammars: dict[str, Grammar] = {}
        self._prompts: dict[str, CompiledPrompts] = {}

    @cached_property
    def entry(self) -> ModelEntry:
        """The profile's settings for the model.

        Raises:
            UsageError: The profile does not list it.
        """
        found = self.config.entry(self.model_id)
        if found is None:
            known = ", ".join(entry.id for entry in self.config.providers.models)
            raise UsageError(
                f"the profile does not say how {self.model_id} is asked",
                where="providers.models",
                remedy=f"Add it there (a glob will do); it lists: {known}.",
            )
        return found

    @property
    def api(self) -> Api:
        """The API by which the model is asked."""
        return self.config.api(self.entry)

    def _toolset(self, extra: Sequence[Tool]) -> Toolset:
        config = self.config.tools
        definitions, _ = load_definitions(config.registry.paths, HANDLERS)
        tools = [Tool(definition, HANDLERS[definition.handler]) for definition in definitions.values()]
        chosen = choose([*tools, *extra], config.registry.include)
        for overlay in config.overlays:
            if fnmatchcase(self.model_id, overlay.match):
                dress = Dress(overlay.rename, overlay.descriptions, overlay.arguments, overlay.syntax_style)
                chosen = [dressed(tool, dress) for tool in chosen]
        return Toolset(chosen, config.aliases)

    def tools(self, mode: str) -> tuple[ToolSpec, ...]:
        """The tools that may run in a mode."""
        return tuple(spec for spec in self.toolset.specs if self.gates.allowed(spec, mode))

    def grammar(self, mode: str) -> Grammar:
        """The syntax of calls in a mode."""
        if mode not in self._grammars:
            self._grammars[mode] = choose_grammar(
                self.config.tools.dialects,
                self.model_id,
                mode,
                self.toolset.specs,
                use_native=self.config.provider_tools.use_native,
            )
        return self._grammars[mode]

    def prompts(self, mode: str) -> CompiledPrompts:
        """The texts of a mode."""
        from loopwright.runtime.prompts import compile_prompts

        if mode not in self._prompts:
            self._prompts[mode] = compile_prompts(
                self.config, self.tools(mode), self.grammar(mode), mode, self.model_id
            )
        return self._prompts[mode]

    def check(self) -> None:
        """Compile every mode, so that a text of the last one that is wrong does not end a run that has gone that far.

        Raises:
            UsageError: A text is missing or cannot be rendered, or the profile does not say how the model is asked.
        """
        for mode in self.config.modes:
            self.prompts(mode.name)
        _ = self.api

    def system(self, mode: str) -> tuple[Chunk, ...]:
        """The system prompt of a mode."""
        return tuple(Chunk(chunk.text, chunk.cache) for chunk in self.prompts(mode).system)

    def per_turn(self, mode: str) -> str:
        """What goes with each prompt in a mode."""
        return self.prompts(mode).per_turn_text

    def native_tools(self, mode: str) -> tuple[ToolSpec, ...]:
        """The tools that are offered as schemas of the API."""
        return self.grammar(mode).native_tools(self.tools(mode))

    def entry_of(self, instead: str) -> ModelEntry:
        """The profile's settings for a fallback model; for the run's own where none is asked instead."""
        return (self.config.providers.entry(instead) if instead else None) or self.entry

    def params(self, instead: str = "") -> Params:
        """The settings of each request to the run's model, or to a fallback model."""
        given, provider = self.entry_of(instead).params, self.config.provider_tools
        api, limit = self.api, given.max_output_tokens
        return Params(
            temperature=given.temperature,
            top_p=given.top_p,
            max_output_tokens=limit or (provider.anthropic.max_output_tokens if api == "messages" else None),
            parallel_tools=given.parallel_tools,
            reasoning_effort=given.reasoning_effort,
            stop=tuple(given.stop),
            seed=self.config.profile.seed,
            strict_tools=given.structured_outputs.strict,
            include=tuple(provider.openai.include) if api == "responses" else (),
            include_reasoning=provider.openai.include_reasoning,
            store=provider.openai.store,
            thinking_budget=provider.anthropic.thinking_budget if api == "messages" else None,
            cache_conversation=provider.anthropic.cache and api == "messages",
        )


def check_profile(loaded: LoadedConfig) -> None:
    """Compile a profile for its default model. Where MCP servers add tools, that has to wait until they run.

    Raises:
        UsageError: Something in it does not fit together.
    """
    if not loaded.config.tools.mcp:
        model = loaded.config.providers.default_model
        Harness(loaded, model, model).check()


def command_limits(config: AgentConfig) -> ResourceLimits:
    """The limits of the agent's commands; `wall_seconds` holds where a call names no timeout."""
    sandbox = config.workspace.sandbox
    usual, wanted = ResourceLimits(), sandbox.resources
    return ResourceLimits(
        wall_seconds=sandbox.command_seconds,
        memory_bytes=int(wanted.mem_gb * _GIB) if wanted.mem_gb else usual.memory_bytes,
        processes=wanted.processes or usual.processes,
        file_bytes=int(wanted.file_gb * _GIB) if wanted.file_gb else usual.file_bytes,
    )
