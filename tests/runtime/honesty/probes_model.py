"""Probes of `profile`, `workspace`, `providers` and `provider_tools`."""

from __future__ import annotations

from typing import Any

from tests.runtime.honesty.probe import Probe
from tests.runtime.honesty.stage import DONE, body, calls, commanded, named, ran, recorded, said, sent

__all__ = ["PROBES"]


def _model(first: str, second: str, adapter: str = "openai_chat", both: str = "") -> Probe:
    """Two settings of the one model; what differs in the request is looked at whole."""
    text = "providers: {{models: [{{id: 'openai/*', adapter: {}, {}}}]}}"
    return Probe(text.format(adapter, first), text.format(adapter, second), sent(), "sent", both)


def _tools(key: str, first: str, second: str, adapter: str) -> Probe:
    both = f"providers: {{models: [{{id: 'openai/*', adapter: {adapter}}}]}}"
    return Probe(f"provider_tools: {{{key % first}}}", f"provider_tools: {{{key % second}}}", sent(), "sent", both)


def _limit(key: str, command: str, first: str, second: str) -> Probe:
    text = f"workspace: {{sandbox: {{resources: {{{key}: %s}}}}}}"
    return Probe(
        text % first, text % second, ran(calls(("run_shell", {"command": command})), DONE, pick=_troubled), "run"
    )


def _troubled(played: Any) -> bool:
    """Whether the command met a limit: words of the shell, without its process ids."""
    text = str(played.items[1].result)
    return "too much" in text or "unavailable" in text or text.startswith("1048576")


def _asked(played: Any) -> Any:
    return [request["model"] for request in played.requests], played.notices, played.outcome


_TWO_MODELS = """
providers:
  models:
    - {id: openai/small, adapter: openai_chat, routing: {fallback_models: [%s]}}
    - {id: openai/b, adapter: openai_chat}
"""
_BROKEN = {"say": "late", "fault": {"status": 404, "times": 9}}

PROBES = {
    "version": Probe("version: 2", "version: 3", named, "refused"),
    "extends": Probe("extends: base_a.yaml", "extends: base_b.yaml", recorded, "run"),
    "profile.name": Probe("profile: {name: a}", "profile: {name: b}", recorded, "run"),
    "profile.description": Probe("profile: {description: a}", "profile: {description: b}", recorded, "run"),
    "profile.seed": Probe("profile: {seed: 1}", "profile: {seed: 2}", sent(), "sent"),
    "workspace.root": Probe(
        "workspace: {root: start}",
        "workspace: {root: family}",
        commanded(DONE, pick=lambda record, _: sorted(path.name for path in (record / "workspace").iterdir())),
        "run",
    ),
    "workspace.sandbox.driver": Probe(
        "workspace: {sandbox: {driver: bwrap}}",
        "workspace: {sandbox: {driver: host}}",
        commanded(
            # From the run's own workspace, four folders above; a sandbox shows nothing of that.
            calls(("run_shell", {"command": "ls ../../../../task.md && touch outside"})),
            DONE,
            pick=lambda record, _: (record / "workspace" / "outside").exists(),
        ),
        "run",
    ),
    "workspace.sandbox.network": Probe(
        "workspace: {sandbox: {network: none}}", "workspace: {sandbox: {network: host}}", named, "refused"
    ),
    "workspace.sandbox.resources.mem_gb": _limit(
        "mem_gb", "python3 -c 'bytearray(400 << 20)' || echo too much", "0.2", "2"
    ),
    "workspace.sandbox.resources.processes": _limit(
        "processes", "for n in {1..40}; do sleep 0.2 & done; wait", "20", "400"
    ),
    "workspace.sandbox.resources.file_gb": _limit("file_gb", "ulimit -f", "1", "2"),
    "workspace.sandbox.command_seconds": Probe(
        "workspace: {sandbox: {command_seconds: 1}}",
        "workspace: {sandbox: {command_seconds: 30}}",
        ran(calls(("run_shell", {"command": "sleep 1.3"})), DONE, pick=lambda played: played.items[1].tool_status),
        "run",
    ),
    "providers.default_model": Probe(
        "providers: {default_model: openai/a}", "providers: {default_model: openai/b}", sent(), "sent"
    ),
    "providers.models[].id": Probe(
        "providers: {models: [{id: 'openai/*', adapter: openai_chat}]}",
        "providers: {models: [{id: 'openai/s*', adapter: openai_chat}]}",
        lambda loaded, _: body(loaded, "openai/large")["path"],
        "refused",
    ),
    "providers.models[].adapter": Probe(
        "providers: {models: [{id: 'openai/*', adapter: openai_chat}]}",
        "providers: {models: [{id: 'openai/*', adapter: anthropic_messages}]}",
        sent(),
        "sent",
    ),
    "providers.models[].params.temperature": _model("params: {temperature: 0.1}", "params: {temperature: 0.9}"),
    "providers.models[].params.top_p": _model("params: {top_p: 0.1}", "params: {top_p: 0.9}"),
    "providers.models[].params.max_output_tokens": _model(
        "params: {max_output_tokens: 10}", "params: {max_output_tokens: 20}"
    ),
    "providers.models[].params.parallel_tools": _model(
        "params: {parallel_tools: true}", "params: {parallel_tools: false}"
    ),
    "providers.models[].params.reasoning_effort": _model(
        "params: {reasoning_effort: low}", "params: {reasoning_effort: high}"
    ),
    "providers.models[].params.stop": _model("params: {stop: [a]}", "params: {stop: [b]}"),
    "providers.models[].params.structured_outputs.strict": _model(
        "params: {structured_outputs: {strict: true}}", "params: {structured_outputs: {strict: false}}"
    ),
    "providers.models[].routing.fallback_models": Probe(
        _TWO_MODELS % "", _TWO_MODELS % "openai/b", ran(_BROKEN, said("Done."), pick=_asked), "run"
    ),
    "providers.models[].context_window": Probe(
        "providers: {models: [{id: 'openai/*', adapter: openai_chat, context_window: 1024}]}",
        "providers: {models: [{id: 'openai/*', adapter: openai_chat, context_window: 90000}]}",
        ran(said("Done."), pick=lambda played: (len(played.requests), played.outcome)),
        "run",
        files={"system.md": "Think about it. " * 2000},
    ),
    "provider_tools.use_native": Probe(
        "provider_tools: {use_native: true}", "provider_tools: {use_native: false}", sent(), "sent"
    ),
    "provider_tools.suppress_prompts": Probe(
        "provider_tools: {suppress_prompts: true}", "provider_tools: {suppress_prompts: false}", sent(), "sent"
    ),
    "provider_tools.api_variant": Probe(
        "provider_tools: {api_variant: chat}",
        "provider_tools: {api_variant: responses}",
        sent(),
        "sent",
        "providers: {models: [{id: '*', adapter: openai}]}",
    ),
    "provider_tools.openai.include": _tools(
        "openai: {include: [%s]}", "message.output_text.logprobs", "file_search_call.results", "openai_responses"
    ),
    "provider_tools.openai.include_reasoning": _tools(
        "openai: {include_reasoning: %s}", "true", "false", "openai_responses"
    ),
    "provider_tools.openai.store": _tools("openai: {store: %s}", "true", "false", "openai_responses"),
    "provider_tools.anthropic.max_output_tokens": _tools(
        "anthropic: {max_output_tokens: %s}", "4000", "5000", "anthropic_messages"
    ),
    "provider_tools.anthropic.thinking_budget": _tools(
        "anthropic: {thinking_budget: %s}", "2000", "3000", "anthropic_messages"
    ),
    "provider_tools.anthropic.cache": _tools("anthropic: {cache: %s}", "true", "false", "anthropic_messages"),
}
