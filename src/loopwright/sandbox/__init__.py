"""Isolation for programs that are not trusted: one protocol, several backends.

Names are imported when first used, so that `loopwright.sandbox.cell`, which runs inside sandboxes with nothing but the
standard library, costs nothing but itself.
"""

from __future__ import annotations

# Of `loopwright.base`, the grading sandbox shows this module alone.
from loopwright.base.lazy import lazy_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loopwright.sandbox.cell import CellError, CellLimits, CellOutcome, cell_argv, cells_work, run_in_cell
    from loopwright.sandbox.doctor import facts
    from loopwright.sandbox.protocol import (
        Command,
        Mount,
        Outcome,
        Probe,
        Process,
        Relay,
        ResourceLimits,
        Sandbox,
        SandboxSpec,
    )
    from loopwright.sandbox.registry import backends, open_sandbox, probe, require, strongest
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        cell=("CellError", "CellLimits", "CellOutcome", "cell_argv", "cells_work", "run_in_cell"),
        doctor=("facts",),
        protocol=(
            "Command",
            "Mount",
            "Outcome",
            "Probe",
            "Process",
            "Relay",
            "ResourceLimits",
            "Sandbox",
            "SandboxSpec",
        ),
        registry=("backends", "open_sandbox", "probe", "require", "strongest"),
    )

__all__ = [
    "CellError",
    "CellLimits",
    "CellOutcome",
    "Command",
    "Mount",
    "Outcome",
    "Probe",
    "Process",
    "Relay",
    "ResourceLimits",
    "Sandbox",
    "SandboxSpec",
    "backends",
    "cell_argv",
    "cells_work",
    "facts",
    "open_sandbox",
    "probe",
    "require",
    "run_in_cell",
    "strongest",
]
