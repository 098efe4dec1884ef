"""`workspace`: the files that the agent starts with, where its commands run, and a visible copy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from loopwright.runtime.config.schema._section import ConfigPath, Means, Section, defaults

__all__ = ["Workspace"]


class Resources(Section):
    """What the commands of the agent may use together."""

    mem_gb: float | None = Field(default=None, gt=0)
    processes: int | None = Field(default=None, ge=1)
    file_gb: float | None = Field(default=None, gt=0)


class Sandboxing(Section):
    """Where the agent's commands run."""

    driver: Literal["strongest", "bwrap", "host"] = "strongest"
    network: Literal["none"] = "none"
    resources: Resources = defaults()
    command_seconds: float = Field(default=120.0, ge=1, le=1800)


class Mirror(Section):
    """A one-way copy of the workspace in a folder that a person can open while the agent works."""

    enabled: bool = False
    path: ConfigPath | None = None
    mode: Literal["development", "testing", "production"] = "development"

    @model_validator(mode="after")
    def _has_a_path(self) -> Mirror:
        if self.enabled and self.path is None:
            raise ValueError("an enabled mirror needs a `path`, the folder of the copy")
        return self


class Workspace(Section):
    """The files that the agent works on."""

    root: Annotated[ConfigPath, Means("folder")] | None = None
    sandbox: Sandboxing = defaults()
    mirror: Mirror = defaults()

    def copied_from(self, folder: Path) -> bool:
        """Whether the visible copy lies in a folder whose files a run would begin with."""
        path = self.mirror.path if self.mirror.enabled else None
        return path is not None and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
