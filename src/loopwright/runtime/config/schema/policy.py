"""`enhanced_tools`: rules on the order of calls, and what may be run and written."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from loopwright.runtime.config.schema._section import Globs, Means, Section, defaults

__all__ = ["EnhancedTools", "RuleConfig"]


class RuleConfig(Section):
    """Settings of one rule."""

    severity: Literal["deny", "warn"] = "deny"


class Validation(Section):
    """Rules on calls, checked before each one runs."""

    enabled: bool = True
    rules: tuple[Annotated[str, Means("rule")], ...] = ()
    rule_config: dict[str, RuleConfig] = Field(default_factory=dict)


class ShellPermissions(Section):
    """Which programs a shell command may run. The command is parsed: all of its programs are looked at."""

    default: Literal["allow", "deny"] = "allow"
    allowlist: Globs = ()
    denylist: Globs = ()


class FileWritePermissions(Section):
    """Which files the tools may write, make, move and delete."""

    default: Literal["allow", "deny"] = "allow"
    allowlist: Globs = ()
    denylist: Globs = ()


class Permissions(Section):
    """What is allowed, whatever the model wants. A denial is told to the model, and recorded."""

    shell: ShellPermissions = defaults()
    file_write: FileWritePermissions = defaults()


class EnhancedTools(Section):
    """Rules and permissions, enforced where tools are executed."""

    validation: Validation = defaults()
    permissions: Permissions = defaults()
