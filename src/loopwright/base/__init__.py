"""What every package may use: errors for people, atomic files, safe text."""

from loopwright.base.errors import LoopwrightError, MachineError, UsageError
from loopwright.base.files import atomic_write
from loopwright.base.text import clip, nearest, one_line, printable, valid

__all__ = [
    "LoopwrightError",
    "MachineError",
    "UsageError",
    "atomic_write",
    "clip",
    "nearest",
    "one_line",
    "printable",
    "valid",
]
