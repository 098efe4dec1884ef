"""Probes of `modes`, `loop` and `completion`: all of them are seen in a run."""

from __future__ import annotations

from typing import Any

from tests.runtime.honesty.probe import Probe
from tests.runtime.honesty.stage import DONE, Played, calls, commanded, ran, results, said

__all__ = ["PROBES"]

_READ = ("read_file", {"path": "a.txt"})
_LIST = ("list_dir", {"path": "."})
_FILES = {"a.txt": "one\ntwo\n"}
_WORK = calls(_READ, say="Working on it.")
_TALKATIVE = "completion: {natural_finish: {no_tool_turns_threshold: 9}}\n"
_MODES = "modes: [{name: build, prompt: '@pack(p).build'}, {name: plan, prompt: '@pack(p).plan'}]\n"


def _two(text: str, first: str, second: str, *replies: dict[str, Any], both: str = "", see: Any = None) -> Probe:
    look = ran(*(replies or (DONE,)), files=_FILES, pick=see or results)
    return Probe(text % first, text % second, look, "run", both)


def _mode(text: str, first: str, second: str, *replies: dict[str, Any]) -> Probe:
    """A setting of the first of two modes that follow each other."""
    whole = f"modes: [{{name: build, prompt: '@pack(p).build', {text}}}, {{name: plan, prompt: '@pack(p).plan'}}]"
    return _two(
        whole, first, second, *(replies or (_WORK, DONE)), both="loop: {sequence: [{mode: build}, {mode: plan}]}"
    )


def _sequence(text: str, first: str, second: str, both: str = "") -> Probe:
    probe_text = f"loop: {{sequence: [{text}]}}"
    return _two(probe_text, first, second, _WORK, _WORK, calls(_LIST), DONE, both=both, see=_heard)


def _completion(key: str, first: str, second: str, *replies: dict[str, Any], both: str = "") -> Probe:
    return _two(f"completion: {{{key}: %s}}", first, second, *replies, both=both, see=_ending)


def _heard(played: Played) -> Any:
    """All that the model read, request by request."""
    return [request["messages"] for request in played.requests]


def _ending(played: Played) -> Any:
    return len(played.requests), played.outcome


_CIRCLE = [calls(_READ) for _ in range(8)]

PROBES = {
    "modes[].name": Probe(
        "modes: [{name: build, tools_enabled: [list_dir]}]",
        "modes: [{name: work, tools_enabled: [list_dir]}]",
        ran(_WORK, said("Done."), files=_FILES),
        "run",
    ),
    "modes[].tools_enabled": _mode("tools_enabled: [%s]", "read_file", "list_dir"),
    "modes[].tools_disabled": _mode("tools_disabled: [%s]", "read_file", "list_dir"),
    "modes[].exit.when": _mode("exit: {when: [%s]}", "replies > 0", "replies > 9"),
    "modes[].max_turns": _mode("max_turns: %s", "1", "9"),
    "loop.sequence[].mode": _sequence("{mode: %s}", "build", "plan"),
    "loop.sequence[].if": _sequence("{if: '%s', then: {mode: plan}}, {mode: build}", "replies > 9", "replies < 9"),
    "loop.sequence[].then[]": _sequence("{if: 'true', then: {mode: %s}}", "build", "plan"),
    "loop.sequence[].while": _sequence(
        "{while: '%s', do: {mode: plan}}, {mode: build}",
        "replies < 1",
        "replies < 2",
        _MODES.replace("plan'}", "plan', max_turns: 1}"),
    ),
    "loop.sequence[].do[]": _sequence("{while: replies < 2, do: {mode: %s}}, {mode: build}", "build", "plan"),
    "loop.plan_turn_limit": _two(
        "loop: {plan_turn_limit: %s}",
        "1",
        "9",
        _WORK,
        DONE,
        both="loop: {sequence: [{mode: plan}, {mode: build}]}",
    ),
    "loop.turn_strategy.relay": _two(
        "loop: {turn_strategy: {relay: %s}}", "tool_role", "user_message", _WORK, DONE, see=_heard
    ),
    "loop.turn_strategy.flow": _two(
        "loop: {turn_strategy: {flow: %s}}",
        "user_interleaved",
        "assistant_continuation",
        said("<BASH>\necho hello\n</BASH>"),
        said("Done."),
        both="tools: {dialects: {preference: {by_tool_kind: {bash: [bash_block]}}}}",
        see=_heard,
    ),
    "loop.turn_strategy.tool_result_injection": _two(
        "loop: {turn_strategy: {tool_result_injection: %s}}", "full", "none", _WORK, DONE, see=_heard
    ),
    "loop.turn_strategy.allow_multiple_per_turn": _two(
        "loop: {turn_strategy: {allow_multiple_per_turn: %s}}", "true", "false", calls(_READ, _LIST), DONE
    ),
    "loop.limits.turns": _two("loop: {limits: {turns: %s}}", "1", "9", _WORK, DONE, see=_ending),
    "loop.limits.tokens": _two("loop: {limits: {tokens: %s}}", "1", "999999", _WORK, DONE, see=_ending),
    "loop.limits.cost": _two("loop: {limits: {cost: %s}}", "0.000001", "9", _WORK, DONE, see=_ending),
    "loop.limits.seconds": Probe(
        "loop: {limits: {seconds: 1}}",
        "loop: {limits: {seconds: 900}}",
        commanded(calls(("run_shell", {"command": "sleep 1.5"})), DONE, pick=lambda _, facts: facts["reason"]),
        "run",
    ),
    "loop.stuck.enabled": _two("loop: {stuck: {enabled: %s}}", "true", "false", *_CIRCLE, DONE, see=_ending),
    "loop.stuck.window": _two(
        "loop: {stuck: {window: %s}}",
        "4",
        "20",
        *[calls(_READ), calls(_LIST)] * 4,
        DONE,
        both="loop: {stuck: {nudge: false}}",
        see=_ending,
    ),
    "loop.stuck.nudge": _two("loop: {stuck: {nudge: %s}}", "true", "false", *_CIRCLE, DONE, see=_ending),
    "completion.primary": _completion(
        "primary",
        "natural",
        "hybrid",
        said("That is all."),
        DONE,
        both="completion: {confidence_threshold: 0.8}",
    ),
    "completion.tool_finish": _completion(
        "tool_finish", "finish", "list_dir", calls(_LIST), said("Nothing more to do."), both=""
    ),
    "completion.text_sentinels": _completion(
        "text_sentinels", "[ALL DONE]", "[NEVER]", said("So:\nALL DONE"), DONE, both=_TALKATIVE
    ),
    "completion.provider_signals": _completion(
        "provider_signals", "true", "false", said("That is all."), DONE, both=_TALKATIVE
    ),
    "completion.natural_finish.no_tool_turns_threshold": _completion(
        "natural_finish", "{no_tool_turns_threshold: 1}", "{no_tool_turns_threshold: 2}", said("a"), said("b"), DONE
    ),
    "completion.natural_finish.idle_turn_limit": _completion(
        "natural_finish", "{idle_turn_limit: 1}", "{idle_turn_limit: 2}", said("a"), said("b"), DONE, both=_TALKATIVE
    ),
    "completion.confidence_threshold": _completion("confidence_threshold", "0.5", "0.95", said("a"), DONE, both=""),
}
