"""`logging` and `telemetry`: what is kept of a run besides its journal."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loopwright.runtime.config.schema._section import ConfigPath, Section

__all__ = ["Logging", "Metric", "Retention", "Telemetry"]

Metric = Literal["SVS", "PAS", "CPS", "TOE", "SPA"]


class Retention(Section):
    """How many run folders stay."""

    max_runs: int | None = Field(default=None, ge=1)
    """Keep this many of the newest run folders in `root_dir`; older ones that we wrote are deleted. None: all stay."""


class Logging(Section):
    """The run folder: `conversation.md`, and what was sent and received."""

    enabled: bool = True
    """Whether there is a run folder."""
    root_dir: ConfigPath | None = None
    """Where run folders are made; not set: inside the directory of the run."""
    redact: bool = True
    """Replace the values of keys and other secrets in all that is written there."""
    include_raw: bool = True
    """Keep the requests and responses of the provider as they were."""
    include_structured_requests: bool = True
    """Keep, of each request, its messages, its tools and its parameters in one form for all providers."""
    retention: Retention = Retention()
    """Old run folders."""


class Telemetry(Section):
    """Measurements of each reply, for studies over many runs."""

    database_path: ConfigPath | None = None
    """An SQLite database to which the measurements are added; none: nothing is."""
    per_turn_metrics: tuple[Metric, ...] = ("SVS", "PAS", "CPS", "TOE", "SPA")
    """Which: valid arguments, edits applied, order rules kept, useful calls, permissions kept (each from 0 to 1)."""
