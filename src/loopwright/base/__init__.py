"""What every package may use: errors for people, atomic files, safe text, late imports, a collector that pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.base.errors import LoopwrightError, MachineError, UsageError
from loopwright.base.lazy import lazy_names
from loopwright.base.text import clip, nearest, one_line, printable, valid

if TYPE_CHECKING:
    from loopwright.base.collecting import collector_paused
    from loopwright.base.files import atomic_write
else:
    # tempfile takes as long to import as all the rest of this package.
    __getattr__, __dir__ = lazy_names(__name__, collecting=("collector_paused",), files=("atomic_write",))

__all__ = [
    "LoopwrightError",
    "MachineError",
    "UsageError",
    "atomic_write",
    "clip",
    "collector_paused",
    "lazy_names",
    "nearest",
    "one_line",
    "printable",
    "valid",
]
