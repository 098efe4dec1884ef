"""Keys of the seed's format that are refused here, and what to do instead."""

from __future__ import annotations

from fnmatch import fnmatchcase

__all__ = ["reason_to_refuse"]

_SUBAGENTS = "sub-agents are not built yet"
_PROBES = "models are not probed: what a model can do is said by `providers.models` and `tools.dialects`"

# Path without list positions -> why. `*` also crosses dots.
_REFUSED = {
    "workspace.lsp*": "language servers are not built yet; a check can be run by the agent with its shell tool",
    "workspace.sandbox.image": "there are no container images; commands see this machine's own programs, read-only",
    "workspace.sandbox.runtime": "there is no container runtime; `driver: bwrap` isolates with namespaces",
    "workspace.sandbox.resources.cpus": "the share of the processor cannot be limited; use `command_seconds`",
    "workspace.sandbox.docker*": "the docker driver is not built yet; use `driver: strongest`",
    "enhanced_tools.lsp_integration*": "language servers are not built yet",
    "enhanced_tools.enabled": "rules and permissions that are written hold; for rules there is `validation.enabled`",
    "modes.subagents*": _SUBAGENTS,
    "modes.triggers*": "a mode is entered by `loop.sequence`; write its condition there",
    "modes.outputs*": "files of a mode are not checked; write a condition in `exit.when`",
    "hpo*": "searching for better settings is not built yet",
    "rl_and_evolution*": "evolution of prompts is not built yet",
    "prompts.evolution*": "evolution of prompts is not built yet",
    "prompts.tool_prompt_synthesis.evolution*": "evolution of prompts is not built yet",
    "prompts.cache*": "prompts are compiled at each start; the provider caches after a [CACHE] in an injection order",
    "prompts.task_prompt": "the task comes from the command line (`--task`)",
    "provider_probes*": _PROBES,
    "providers.models.routing.disable_*": _PROBES,
    "providers.models.params.tool_use": "whether native tools are used is said by `provider_tools.use_native`",
    "providers.models.params.structured_outputs.enabled": "write `strict: true` or leave it out",
    "providers.routing*": "routing belongs to each model: `providers.models[].routing`",
    "dialect_profiles*": "which dialects a model gets is said by `tools.dialects.preference.by_model`",
    "tools.overlays.provider_preference*": "whether a model gets native tools: `tools.dialects.preference.by_model`",
    "tools.defs_dir": "folders of tools are `tools.registry.paths`",
    "tools.dialects.create_file_policy.unified_diff.header_style": "both styles of headers are read",
    "tools.dialects.create_file_policy.aider_search_replace*": "the dialect is called `aider_diff` here",
    "tool_timeout": "the time limit of commands is `workspace.sandbox.command_seconds`",
    "turn_strategy*": "it belongs under `loop`: `loop.turn_strategy`",
    "completion.enable_*": "each kind of sign is on where its own key says so: see `completion`",
    "completion.*_keywords": "words in prose are no sign; list whole lines in `text_sentinels`",
    "logging.include_events": "all events are in the run's journal, always",
    "logging.filename_scheme": "the names in a run folder are fixed",
    "features.response_normalizer": "replies are always read into one form",
    "provider_tools.anthropic.temperature": "sampling belongs to the model: `providers.models[].params.temperature`",
}


def reason_to_refuse(loc: tuple[int | str, ...]) -> str | None:
    """Why the key is refused and what to use instead, or None where it is simply not known."""
    path = ".".join(key for key in loc if isinstance(key, str))
    return next((reason for glob, reason in _REFUSED.items() if fnmatchcase(path, glob)), None)
