"""The workspace of a profile: a visible copy of it for people."""

from loopwright.runtime.workspace.mirror import Mirror

__all__ = ["Mirror"]
