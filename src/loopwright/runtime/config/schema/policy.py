"""`enhanced_tools`: rules on the order of calls, and what may be run and written."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loopwright.runtime.config.schema._section import Globs, Section

__all__ = ["EnhancedTools", "FileWritePermissions", "Permissions", "RuleConfig", "ShellPermissions", "Validation"]


class RuleConfig(Section):
    """Settings of one rule."""

    severity: Literal["deny", "warn"] = "deny"
    """`deny`: the call does not run; `warn`: it runs, and the model reads the warning with its result."""


class Validation(Section):
    """Rules on calls, checked before each one runs."""

    enabled: bool = True
    """Off: no rule is checked."""
    rules: tuple[str, ...] = ()
    """Checked in this order: `read_before_edit`, `file_exists`, `no_redundant_creation`, `one_bash_per_turn`,
    `reads_before_bash`, `no_mixed_dialect`, `finish_alone`. A denial names its rule."""
    rule_config: dict[str, RuleConfig] = Field(default_factory=dict)
    """Rule -> its settings. The rule must be among `rules`."""


class ShellPermissions(Section):
    """Which programs a shell command may run. The command is parsed: all of its programs are looked at."""

    default: Literal["allow", "deny"] = "allow"
    """What holds for a command that no glob matches."""
    allowlist: Globs = ()
    """Globs: without a space, the name of a program (`rm`); with one, a whole command (`git push *`)."""
    denylist: Globs = ()
    """The same; a denial always wins."""


class FileWritePermissions(Section):
    """Which files the tools may write, make, move and delete."""

    default: Literal["allow", "deny"] = "allow"
    """What holds for a path that no glob matches."""
    allowlist: Globs = ()
    """Globs of paths relative to the workspace; `*` also crosses slashes."""
    denylist: Globs = ()
    """The same; a denial always wins."""


class Permissions(Section):
    """What is allowed, whatever the model wants. A denial is told to the model, and recorded."""

    shell: ShellPermissions = ShellPermissions()
    """Commands."""
    file_write: FileWritePermissions = FileWritePermissions()
    """Files."""


class EnhancedTools(Section):
    """Rules and permissions, enforced where tools are executed."""

    validation: Validation = Validation()
    """Rules."""
    permissions: Permissions = Permissions()
    """Permissions."""
