"""`prompts`: the texts, their order, and how tools are described in them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loopwright.runtime.config.schema._section import ConfigPath, Section

__all__ = ["Detail", "Injection", "Prompts", "SynthesisSelection", "Templates", "ToolPromptSynthesis"]


class Injection(Section):
    """Which texts are sent, in which order.

    Items are `@pack(NAME).KEY` (a text of a pack), `mode_specific` (the prompt of the mode) and `tools` (the tools, as
    `tool_prompt_mode` and `tool_prompt_synthesis` say). `[CACHE]` before an item asks the provider to cache
    all up to its end. A text that was already in the same request is not sent again.
    """

    system_order: tuple[str, ...] = ()
    """What the system prompt is made of. Where `tools` is not named, they come last."""
    per_turn_order: tuple[str, ...] = ("mode_specific",)
    """What is sent with each prompt. Where `tools` is not named, they come last."""


class Templates(Section):
    """Templates of one dialect that replace the shipped ones. Jinja2, sandboxed; an unknown name in one is an error."""

    system_full: ConfigPath | None = None
    """For `detail.system: full`."""
    system_short: ConfigPath | None = None
    """For `detail.system: short`."""
    per_turn_short: ConfigPath | None = None
    """For `detail.per_turn: short`. Where a dialect of yours has none, it renders empty, and that is said."""
    system_plan: ConfigPath | None = None
    """For the system prompt while the mode is one that cannot change files."""
    per_turn_plan: ConfigPath | None = None
    """For each prompt while the mode is one that cannot change files."""


class SynthesisSelection(Section):
    """The dialect in which tools are described, where it is not the one that the model is to write."""

    by_model: dict[str, str] = Field(default_factory=dict)
    """Glob on the full model id -> dialect; the first that matches."""
    by_mode: dict[str, str] = Field(default_factory=dict)
    """Mode -> dialect; wins over `by_model`."""


class Detail(Section):
    """How much is said about each tool."""

    system: Literal["full", "short"] = "full"
    """In the system prompt: with examples, or one line a tool."""
    per_turn: Literal["short", "full", "none"] = "short"
    """With each prompt; `full` uses the template of the system prompt."""


class ToolPromptSynthesis(Section):
    """Tool descriptions written by templates."""

    enabled: bool = True
    """Off: tools are not described in prompts at all."""
    root: ConfigPath | None = None
    """A folder of template families, `DIALECT/system_full.j2.md` and so on; a file in it wins over the shipped one."""
    dialects: dict[str, Templates] = Field(default_factory=dict)
    """Dialect -> its templates; a file here wins over one in `root`."""
    selection: SynthesisSelection = SynthesisSelection()
    """Which dialect's templates."""
    detail: Detail = Detail()
    """How much."""


class Prompts(Section):
    """Everything that is said to the model besides the task."""

    packs: dict[str, dict[str, ConfigPath]] = Field(default_factory=dict)
    """Pack -> key -> file (Markdown, UTF-8)."""
    injection: Injection = Injection()
    """Order."""
    tool_prompt_mode: Literal["system_once", "per_turn_append", "system_and_per_turn", "none"] = "system_once"
    """Where tools are described: in the system prompt, after each prompt, in both, or nowhere."""
    tool_prompt_synthesis: ToolPromptSynthesis = ToolPromptSynthesis()
    """Templates."""
