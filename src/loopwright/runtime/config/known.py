"""Names that other packages own: dialects, rules, tools. They are imported when a configuration is checked."""

from __future__ import annotations

from collections.abc import Collection

from loopwright.runtime.config.schema import AgentConfig

__all__ = ["dialect_names", "rule_names", "tool_ids"]


def dialect_names() -> Collection[str]:
    """The syntaxes in which tools can be called."""
    from loopwright.runtime.dialects import dialect_names

    return dialect_names()


def rule_names() -> Collection[str]:
    """The rules on the order of calls."""
    from loopwright.runtime.rules import RULES

    return RULES.keys()


def tool_ids(config: AgentConfig) -> Collection[str]:
    """Ids of all tools in the folders of the configuration, offered or not.

    Raises:
        UsageError: A definition is wrong, or has no handler.
    """
    from loopwright.runtime.tools.definition import load_definitions
    from loopwright.runtime.tools.handlers import HANDLERS

    return load_definitions(config.tools.registry.paths, HANDLERS)[0].keys()
