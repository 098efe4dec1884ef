"""`logging` and `telemetry`: what is kept of a run besides its journal."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loopwright.runtime.config.schema._section import ConfigPath, Section, defaults

__all__ = ["Logging", "Metric", "Telemetry"]

Metric = Literal["SVS", "PAS", "CPS", "TOE", "SPA"]


class Retention(Section):
    """How many run folders stay."""

    max_runs: int | None = Field(default=None, ge=1)


class Logging(Section):
    """The run folder: `conversation.md`, and what was sent and received."""

    enabled: bool = True
    root_dir: ConfigPath | None = None
    redact: bool = True
    include_raw: bool = True
    include_structured_requests: bool = True
    retention: Retention = defaults()


class Telemetry(Section):
    """Measurements of each reply, for studies over many runs."""

    database_path: ConfigPath | None = None
    per_turn_metrics: tuple[Metric, ...] = ("SVS", "PAS", "CPS", "TOE", "SPA")
