"""`workspace`: the files that the agent starts with, where its commands run, and a visible copy."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from loopwright.runtime.config.schema._section import ConfigPath, Section

__all__ = ["Mirror", "Resources", "Sandboxing", "Workspace"]


class Resources(Section):
    """What the commands of the agent may use together."""

    mem_gb: float | None = Field(default=None, gt=0)
    """Memory, in GiB; none: the sandbox's own limit."""
    processes: int | None = Field(default=None, ge=1)
    """How many processes there may be at once; none: the sandbox's own limit."""
    file_gb: float | None = Field(default=None, gt=0)
    """The size of the largest file that may be written, in GiB; none: the sandbox's own limit."""


class Sandboxing(Section):
    """Where the agent's commands run."""

    driver: Literal["strongest", "bwrap", "host"] = "strongest"
    """`strongest`: the strongest isolation that works here; `bwrap`: bubblewrap or an error; `host`: no isolation."""
    network: Literal["none"] = "none"
    """Commands have no network; any other value is refused."""
    resources: Resources = Resources()
    """Limits of the commands."""
    command_seconds: float = Field(default=120.0, ge=1, le=1800)
    """How long a shell command may take, in seconds, where its call names no `timeout`."""


class Mirror(Section):
    """A one-way copy of the workspace in a folder that a person can open while the agent works."""

    enabled: bool = False
    """Whether there is a copy."""
    path: ConfigPath | None = None
    """The folder of the copy. It must be empty, missing, or an earlier copy. Needed where the copy is enabled."""
    mode: Literal["development", "testing", "production"] = "development"
    """When the copy is brought up to date: after every change, when a turn ends, or once, at the end."""

    @model_validator(mode="after")
    def _has_a_path(self) -> Mirror:
        if self.enabled and self.path is None:
            raise ValueError("an enabled mirror needs a `path`, the folder of the copy")
        return self


class Workspace(Section):
    """The files that the agent works on."""

    root: ConfigPath | None = None
    """The starting files for `loopwright agent`. They are copied and never changed; a task of its own wins."""
    sandbox: Sandboxing = Sandboxing()
    """Where commands run."""
    mirror: Mirror = Mirror()
    """A visible copy."""
