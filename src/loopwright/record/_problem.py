"""One thing that is wrong with a record."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["Problem"]


class Problem(Struct, frozen=True):
    """Where it is, what is wrong, and what to do. A `warning` is what a killed process may leave behind."""

    where: str
    what: str
    remedy: str
    severity: Literal["error", "warning"] = "error"
