"""Probes of `prompts`, `modes[].prompt` and `features`: all of them are seen in the first request."""

from __future__ import annotations

from tests.runtime.honesty.probe import Probe
from tests.runtime.honesty.stage import sent

__all__ = ["PROBES"]

_TEXT = "provider_tools: {use_native: false}\n"
_READ_ONLY = "modes: [{name: plan, tools_enabled: [read_file]}]\nprompts: {tool_prompt_mode: system_and_per_turn}\n"


def _two(text: str, first: str, second: str, both: str = _TEXT, files: dict[str, str] | None = None) -> Probe:
    return Probe(text % first, text % second, sent(), "sent", both, files or {})


def _template(name: str, both: str = _TEXT) -> Probe:
    """One dialect's template, in two versions."""
    text = f"prompts: {{tool_prompt_synthesis: {{dialects: {{pythonic: {{{name}: %s}}}}}}}}"
    return _two(text, "one.j2.md", "two.j2.md", both, {"one.j2.md": "First.", "two.j2.md": "Second."})


PROBES = {
    "prompts.packs.*.*": _two("prompts: {packs: {p: {system: %s}}}", "system.md", "other.md"),
    "prompts.injection.system_order": _two(
        "prompts: {injection: {system_order: [%s]}}", "'@pack(p).system'", "'@pack(p).plan'"
    ),
    "prompts.injection.per_turn_order": _two("prompts: {injection: {per_turn_order: [%s]}}", "mode_specific", ""),
    "prompts.tool_prompt_mode": _two("prompts: {tool_prompt_mode: %s}", "system_once", "per_turn_append"),
    "prompts.tool_prompt_synthesis.enabled": _two("prompts: {tool_prompt_synthesis: {enabled: %s}}", "true", "false"),
    "prompts.tool_prompt_synthesis.root": _two(
        "prompts: {tool_prompt_synthesis: {root: %s}}",
        "family",
        "relatives",
        files={"relatives/pythonic/system_full.j2.md": "Another family."},
    ),
    "prompts.tool_prompt_synthesis.dialects.*.system_full": _template("system_full"),
    "prompts.tool_prompt_synthesis.dialects.*.system_short": _template(
        "system_short", _TEXT + "prompts: {tool_prompt_synthesis: {detail: {system: short}}}"
    ),
    "prompts.tool_prompt_synthesis.dialects.*.per_turn_short": _template(
        "per_turn_short", _TEXT + "prompts: {tool_prompt_mode: per_turn_append}"
    ),
    "prompts.tool_prompt_synthesis.dialects.*.system_plan": _template("system_plan", _TEXT + _READ_ONLY),
    "prompts.tool_prompt_synthesis.dialects.*.per_turn_plan": _template("per_turn_plan", _TEXT + _READ_ONLY),
    "prompts.tool_prompt_synthesis.selection.by_model.*": _two(
        "prompts: {tool_prompt_synthesis: {selection: {by_model: {'openai/*': %s}}}}", "pythonic", "xml"
    ),
    "prompts.tool_prompt_synthesis.selection.by_mode.*": _two(
        "prompts: {tool_prompt_synthesis: {selection: {by_mode: {build: %s}}}}", "pythonic", "xml"
    ),
    "prompts.tool_prompt_synthesis.detail.system": _two(
        "prompts: {tool_prompt_synthesis: {detail: {system: %s}}}", "full", "short"
    ),
    "prompts.tool_prompt_synthesis.detail.per_turn": _two(
        "prompts: {tool_prompt_synthesis: {detail: {per_turn: %s}}}",
        "short",
        "none",
        _TEXT + "prompts: {tool_prompt_mode: per_turn_append}",
    ),
    "modes[].prompt": _two("modes: [{name: build, prompt: '@pack(p).%s'}]", "build", "plan"),
    "features.*": _two(
        "features: {careful: %s}",
        "true",
        "false",
        "loop: {sequence: [{if: features.careful, then: {mode: plan}}, {mode: build}]}",
    ),
}
