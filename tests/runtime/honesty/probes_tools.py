"""Probes of `tools`, `enhanced_tools` and `concurrency`."""

from __future__ import annotations

from typing import Any

from tests.runtime.honesty.probe import Probe
from tests.runtime.honesty.stage import DONE, Played, calls, ran, recorded, said, sent

__all__ = ["PROBES"]

_NATIVE = "tools: {dialects: {preference: {default: [provider_native]}}}"
_DIALECTS = "tools: {dialects: {%s}}"
_FILES = {"a.txt": "one\n", "b.txt": "two\n"}
_READ_A = ("read_file", {"path": "a.txt"})
_READ_B = ("read_file", {"path": "b.txt"})
_EDIT_A = ("edit_file", {"path": "a.txt", "old": "one", "new": "ONE"})
_SHELL = ("run_shell", {"command": "git status"})


def _two(text: str, first: str, second: str, see: Any, level: Any = "run", both: str = "") -> Probe:
    return Probe(text % first, text % second, see, level, both)


def _offered(text: str, first: str, second: str, both: str = "") -> Probe:
    """Seen in the tools and the texts of the first request."""
    return _two(text, first, second, sent(), "sent", both)


def _overlay(key: str, first: str, second: str) -> Probe:
    return _offered(f"tools: {{overlays: [{{id: o, {key}}}]}}", first, second)


def _statuses(played: Played) -> Any:
    return [(item.tool_name, item.tool_status, item.result) for item in played.items if item.part_type == "tool_result"]


def _waits(played: Played) -> Any:
    """Why each call waited."""
    return [(item.raw or {}).get("waited", "") for item in played.items if item.part_type == "tool_result"]


def _done(*tools: tuple[str, dict[str, Any]]) -> Any:
    return ran(calls(*tools), DONE, files=_FILES, pick=_statuses)


def _waited(*tools: tuple[str, dict[str, Any]]) -> Any:
    return ran(calls(*tools), DONE, files=_FILES, pick=_waits)


def _permission(
    kind: str, key: str, first: str, second: str, call: tuple[str, dict[str, Any]], also: str = ""
) -> Probe:
    both = f"enhanced_tools: {{permissions: {{{kind}: {{{also}}}}}}}" if also else ""
    return _two(f"enhanced_tools: {{permissions: {{{kind}: {{{key}: %s}}}}}}", first, second, _done(call), both=both)


_NEW_BY_DIFF = "```diff\n--- a/new.txt\n+++ b/new.txt\n@@ -0,0 +1 @@\n+hello\n```\n"
_NEW_BY_BLOCK = "new.txt\n```\n<<<<<<< SEARCH\n=======\nhello\n>>>>>>> REPLACE\n```\n"

PROBES = {
    "tools.registry.paths": _offered("tools: {registry: {paths: [%s]}}", "'@core'", "'@core', tools"),
    "tools.registry.include": _offered("tools: {registry: {include: [finish, %s]}}", "read_file", "list_dir"),
    "tools.overlays[].id": Probe(
        "tools: {overlays: [{id: a}]}",
        "tools: {overlays: [{id: b}]}",
        recorded,
        "run",
    ),
    "tools.overlays[].match": _overlay("rename: {run_shell: sh}, match: '%s'", "openai/*", "anthropic/*"),
    "tools.overlays[].rename.*": _overlay("rename: {run_shell: %s}", "sh", "terminal"),
    "tools.overlays[].descriptions.*": _overlay("descriptions: {run_shell: %s}", "Runs.", "Walks."),
    "tools.overlays[].arguments.*.*": _overlay("arguments: {edit_file: {text: %s}}", "old", "new"),
    "tools.overlays[].syntax_style.*": _overlay("syntax_style: {run_shell: %s}", "bash_block", "pythonic"),
    "tools.aliases.*": _two(
        "tools: {aliases: {look: %s}}", "read_file", "list_dir", _done(("look", {"path": "a.txt"}))
    ),
    "tools.dialects.preference.default": _offered(
        _DIALECTS % "preference: {default: [%s]}", "provider_native", "pythonic"
    ),
    "tools.dialects.preference.by_model.*.native": _offered(
        _DIALECTS % "preference: {by_model: {'openai/*': {native: %s}}}", "true", "false"
    ),
    "tools.dialects.preference.by_model.*.order": _offered(
        _DIALECTS % "preference: {by_model: {'openai/*': {order: [%s]}}}", "xml", "pythonic"
    ),
    "tools.dialects.preference.by_tool_kind.diff": _offered(
        _DIALECTS % "preference: {by_tool_kind: {diff: [%s]}}", "aider_diff", "unified_diff"
    ),
    "tools.dialects.preference.by_tool_kind.bash": _offered(
        _DIALECTS % "preference: {by_tool_kind: {bash: [%s]}}", "bash_block", "provider_native"
    ),
    "tools.dialects.preference.by_mode.*": _offered(
        _DIALECTS % "preference: {by_mode: {build: [%s]}}", "xml", "pythonic"
    ),
    "tools.dialects.selection.by_model.*": _offered(
        _DIALECTS % "selection: {by_model: {'openai/*': [%s]}}", "xml", "pythonic"
    ),
    "tools.dialects.selection.by_tool_kind.diff": _offered(
        _DIALECTS % "selection: {by_tool_kind: {diff: [%s]}}", "aider_diff", "unified_diff"
    ),
    "tools.dialects.selection.by_tool_kind.bash": _offered(
        _DIALECTS % "selection: {by_tool_kind: {bash: [%s]}}", "bash_block", "provider_native"
    ),
    "tools.dialects.create_file_policy.unified_diff.use_dev_null": _two(
        _DIALECTS % "create_file_policy: {unified_diff: {use_dev_null: %s}}",
        "true",
        "false",
        ran(said(_NEW_BY_DIFF), DONE, pick=lambda played: played.files),
        both=_DIALECTS % "preference: {by_tool_kind: {diff: [unified_diff]}}",
    ),
    "tools.dialects.create_file_policy.aider_diff.prefer_write_file_tool": _two(
        _DIALECTS % "create_file_policy: {aider_diff: {prefer_write_file_tool: %s}}",
        "true",
        "false",
        ran(said(_NEW_BY_BLOCK), DONE, pick=lambda played: played.files),
        both=_DIALECTS % "preference: {by_tool_kind: {diff: [aider_diff]}}",
    ),
    "enhanced_tools.validation.enabled": _two(
        "enhanced_tools: {validation: {enabled: %s}}",
        "true",
        "false",
        _done(_EDIT_A),
        both="enhanced_tools: {validation: {rules: [read_before_edit]}}",
    ),
    "enhanced_tools.validation.rules": _two(
        "enhanced_tools: {validation: {rules: [%s]}}", "read_before_edit", "one_bash_per_turn", _done(_EDIT_A)
    ),
    "enhanced_tools.validation.rule_config.*.severity": _two(
        "enhanced_tools: {validation: {rule_config: {read_before_edit: {severity: %s}}}}",
        "warn",
        "deny",
        _done(_EDIT_A),
        both="enhanced_tools: {validation: {rules: [read_before_edit]}}",
    ),
    "enhanced_tools.permissions.shell.default": _permission("shell", "default", "allow", "deny", _SHELL),
    "enhanced_tools.permissions.shell.allowlist": _permission(
        "shell", "allowlist", "[git]", "[make]", _SHELL, "default: deny"
    ),
    "enhanced_tools.permissions.shell.denylist": _permission("shell", "denylist", "[git]", "[make]", _SHELL),
    "enhanced_tools.permissions.file_write.default": _permission("file_write", "default", "allow", "deny", _EDIT_A),
    "enhanced_tools.permissions.file_write.allowlist": _permission(
        "file_write", "allowlist", "['a.*']", "['b.*']", _EDIT_A, "default: deny"
    ),
    "enhanced_tools.permissions.file_write.denylist": _permission(
        "file_write", "denylist", "['a.*']", "['b.*']", _EDIT_A
    ),
    "concurrency.policy": _two("concurrency: {policy: %s}", "resources", "seed", _waited(_READ_A, _EDIT_A, _READ_B)),
    "concurrency.max_parallel": _two("concurrency: {max_parallel: %s}", "1", "4", _waited(_READ_A, _READ_B)),
    "concurrency.groups[].name": _two(
        "concurrency: {groups: [{name: %s, match_tools: [read_file], max_parallel: 1}]}",
        "reads",
        "looks",
        _waited(_READ_A, _READ_B),
    ),
    "concurrency.groups[].match_tools": _two(
        "concurrency: {groups: [{name: g, match_tools: [%s], max_parallel: 1}]}",
        "read_file",
        "search",
        _waited(_READ_A, _READ_B),
    ),
    "concurrency.groups[].max_parallel": _two(
        "concurrency: {groups: [{name: g, match_tools: [read_file], max_parallel: %s}]}",
        "1",
        "2",
        _waited(_READ_A, _READ_B),
    ),
    "concurrency.groups[].barrier_after": _two(
        "concurrency: {groups: [{name: g, match_tools: [read_file, search], barrier_after: %s}]}",
        "read_file",
        "search",
        _waited(_READ_A, _READ_B),
    ),
    "concurrency.nonblocking_tools": _two(
        "concurrency: {nonblocking_tools: [%s]}",
        "'*'",
        "finish",
        _waited(_READ_A, _EDIT_A, _READ_B),
        both="concurrency: {policy: seed}",
    ),
    "concurrency.at_most_one_of": _two(
        "concurrency: {at_most_one_of: [%s]}", "read_file", "search", _done(_READ_A, _READ_B)
    ),
}
