"""`prompts`: the texts, their order, and how tools are described in them."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field

from loopwright.runtime.config.schema._section import ConfigPath, Dialect, Means, ModeName, Section, TextFile, defaults

__all__ = ["CACHE", "PACK_ITEM", "Prompts"]

CACHE = "[CACHE]"
"""What stands before an item of an injection order, up to whose end the provider is asked to cache."""

PACK_ITEM = re.compile(r"@pack\(([^()]+)\)\.([A-Za-z0-9_.-]+)")
"""A reference to a text: the pack and the key."""


class Injection(Section):
    """Which texts are sent, in which order.

    Items are `@pack(NAME).KEY` (a text of a pack), `mode_specific` (the prompt of the mode) and `tools` (the tools, as
    `tool_prompt_mode` and `tool_prompt_synthesis` say). `[CACHE]` before an item asks the provider to cache
    all up to its end. A text that was already in the same request is not sent again.
    """

    system_order: tuple[Annotated[str, Means("text", "order")], ...] = ()
    per_turn_order: tuple[Annotated[str, Means("text", "order")], ...] = ("mode_specific",)


class Templates(Section):
    """Templates of one dialect that replace the shipped ones. Jinja2, sandboxed; an unknown name in one is an error."""

    system_full: TextFile | None = None
    system_short: TextFile | None = None
    per_turn_short: TextFile | None = None
    system_plan: TextFile | None = None
    per_turn_plan: TextFile | None = None


class SynthesisSelection(Section):
    """The dialect in which tools are described, where it is not the one that the model is to write."""

    by_model: dict[str, Dialect] = Field(default_factory=dict)
    by_mode: dict[ModeName, Dialect] = Field(default_factory=dict)


class Detail(Section):
    """How much is said about each tool."""

    system: Literal["full", "short"] = "full"
    per_turn: Literal["short", "full", "none"] = "short"


class ToolPromptSynthesis(Section):
    """Tool descriptions written by templates."""

    enabled: bool = True
    root: Annotated[ConfigPath, Means("folder", "*.j2.md")] | None = None
    dialects: dict[Dialect, Templates] = Field(default_factory=dict)
    selection: SynthesisSelection = defaults()
    detail: Detail = defaults()


class Prompts(Section):
    """Everything that is said to the model besides the task."""

    packs: dict[str, dict[str, TextFile]] = Field(default_factory=dict)
    injection: Injection = defaults()
    tool_prompt_mode: Literal["system_once", "per_turn_append", "system_and_per_turn", "none"] = "system_once"
    tool_prompt_synthesis: ToolPromptSynthesis = defaults()
