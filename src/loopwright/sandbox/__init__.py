"""Isolation for programs that are not trusted: one protocol, several backends.

Names are imported when first used (PEP 562), so that `loopwright.sandbox.cell`, which runs inside sandboxes with
nothing but the standard library, costs nothing but itself.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loopwright.sandbox.cell import CellError as CellError
    from loopwright.sandbox.cell import CellLimits as CellLimits
    from loopwright.sandbox.cell import CellOutcome as CellOutcome
    from loopwright.sandbox.cell import cell_argv as cell_argv
    from loopwright.sandbox.cell import cells_work as cells_work
    from loopwright.sandbox.cell import run_in_cell as run_in_cell
    from loopwright.sandbox.doctor import facts as facts
    from loopwright.sandbox.protocol import Command as Command
    from loopwright.sandbox.protocol import Mount as Mount
    from loopwright.sandbox.protocol import Outcome as Outcome
    from loopwright.sandbox.protocol import Probe as Probe
    from loopwright.sandbox.protocol import Process as Process
    from loopwright.sandbox.protocol import Relay as Relay
    from loopwright.sandbox.protocol import ResourceLimits as ResourceLimits
    from loopwright.sandbox.protocol import Sandbox as Sandbox
    from loopwright.sandbox.protocol import SandboxSpec as SandboxSpec
    from loopwright.sandbox.registry import backends as backends
    from loopwright.sandbox.registry import open_sandbox as open_sandbox
    from loopwright.sandbox.registry import probe as probe
    from loopwright.sandbox.registry import require as require
    from loopwright.sandbox.registry import strongest as strongest

_PLACES = {
    "cell": ("CellError", "CellLimits", "CellOutcome", "cell_argv", "cells_work", "run_in_cell"),
    "doctor": ("facts",),
    "protocol": (
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
    "registry": ("backends", "open_sandbox", "probe", "require", "strongest"),
}
_MODULES = {name: module for module, names in _PLACES.items() for name in names}

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


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
