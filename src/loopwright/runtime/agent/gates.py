"""What a profile lets through: which tool a call means, in which mode, under which rules and permissions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from loopwright.base import UsageError
from loopwright.runtime.calls import Call
from loopwright.runtime.config import AgentConfig
from loopwright.runtime.config.schema.policy import RuleConfig
from loopwright.runtime.edits import Operation
from loopwright.runtime.rules import (
    History,
    Intent,
    Permission,
    Verdict,
    judge_sequence,
    judge_shell,
    judge_writes,
)
from loopwright.runtime.schedule import Group, Policy
from loopwright.runtime.tools.editing import patch_operations
from loopwright.runtime.tools.spec import ToolSpec
from loopwright.runtime.tools.toolset import Tool, Toolset

__all__ = ["Gates"]

_PATCHES = ("apply_patch", "patch")


class Gates:
    """The profile's rules over one set of tools."""

    def __init__(self, config: AgentConfig, toolset: Toolset) -> None:
        permissions = config.enhanced_tools.permissions
        self.toolset = toolset
        self.many_calls = config.loop.turn_strategy.allow_multiple_per_turn
        self.policy = _policy(config, toolset)
        self._config = config
        self._shell = _permission(permissions.shell)
        self._files = _permission(permissions.file_write)
        self._rules = _rules(config)

    def tool_of(self, call: Call, mode: str) -> Tool:
        """The tool that a call means; an edit block means the tool that edits files.

        Raises:
            UsageError: There is no such tool.
        """
        if call.operations is not None:
            return self._edit_tool(mode)
        return self.toolset.find(call.tool, lambda spec: self.allowed(spec, mode))

    def _edit_tool(self, mode: str) -> Tool:
        edits = [tool for tool in self.toolset.tools if tool.spec.kind == "edit"]
        edits.sort(key=lambda tool: (not self.allowed(tool.spec, mode), tool.spec.id not in _PATCHES))
        if not edits:
            raise UsageError("no tool of this run edits files, so an edit block cannot be applied")
        return edits[0]

    def operations(self, tool: Tool, call: Call, arguments: Mapping[str, Any]) -> Sequence[Operation] | None:
        """The edits of an edit block or a patch; None for other calls.

        Raises:
            UsageError: The patch cannot be read.
        """
        if call.operations is not None:
            return call.operations
        patch = arguments.get("patch") if tool.spec.kind == "edit" else None
        return patch_operations(patch) if isinstance(patch, str) else None

    def allowed(self, spec: ToolSpec, mode: str) -> bool:
        """Whether a tool may run in a mode."""
        rules = self._config.mode(mode)
        if rules.tools_enabled is not None and not _matches(spec.id, rules.tools_enabled):
            return False
        return not _matches(spec.id, rules.tools_disabled)

    def allowed_names(self, mode: str) -> list[str]:
        """The tools that may run in a mode, by the names that the model knows."""
        return [spec.name for spec in self.toolset.specs if self.allowed(spec, mode)]

    def finishes(self, spec: ToolSpec) -> bool:
        """Whether a completed call of a tool is the model's word that it is done."""
        return spec.id == self._config.completion.tool_finish

    def nonblocking(self, spec: ToolSpec) -> bool:
        """Whether the profile says that a tool does not block."""
        return _matches(spec.id, self._config.concurrency.nonblocking_tools)

    def judge(
        self,
        intent: Intent,
        arguments: Mapping[str, Any],
        history: History,
        workspace: Path,
        located: Callable[[str], str],
    ) -> tuple[Verdict, ...]:
        """What permissions and rules say; the last verdict is a refusal where there is one."""
        if intent.kind == "shell":
            command = str(arguments.get("command", ""))
            permission = judge_shell(command, self._shell, self._files, located)
        else:
            permission = judge_writes(intent.changes, self._files)
        if permission.decision == "deny":
            return (permission,)
        return judge_sequence(intent, history, lambda path: (workspace / path).is_file(), self._rules)


def _matches(tool: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(tool, glob) for glob in globs)


def _permission(section: Any) -> Permission:
    return Permission(section.default, tuple(section.allowlist), tuple(section.denylist))


def _rules(config: AgentConfig) -> dict[str, Literal["warn", "deny"]]:
    validation = config.enhanced_tools.validation
    if not validation.enabled:
        return {}
    usual = RuleConfig()
    return {rule: validation.rule_config.get(rule, usual).severity for rule in validation.rules}


def _policy(config: AgentConfig, toolset: Toolset) -> Policy:
    section = config.concurrency
    ids = [spec.id for spec in toolset.specs]
    groups = tuple(
        Group(
            group.name,
            frozenset(name for name in ids if _matches(name, group.match_tools)),
            group.max_parallel,
            frozenset(name for name in ids if group.barrier_after and fnmatchcase(name, group.barrier_after)),
        )
        for group in section.groups
    )
    limited = tuple(name for name in ids if _matches(name, section.at_most_one_of))
    return Policy(section.policy, section.max_parallel, groups, limited)
