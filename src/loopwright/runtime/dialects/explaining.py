"""What a model is told of a block that could not be read."""

from __future__ import annotations

from loopwright.base import one_line
from loopwright.runtime.calls import Malformed

__all__ = ["explain"]


def explain(malformed: Malformed) -> str:
    """Where it is, what was found and what was expected, in three lines. Nothing of the block was done."""
    return (
        f"error: the {malformed.dialect} block at line {malformed.line} of your reply cannot be read; nothing of it "
        f"was done.\nfound: {one_line(malformed.found)}\nexpected: {one_line(malformed.expected)}"
    )
