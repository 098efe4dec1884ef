"""Our own coding agent: one YAML file, the profile, says everything about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.base import lazy_names

if TYPE_CHECKING:
    from loopwright.runtime.agent import Harness, Runtime
    from loopwright.runtime.default import default_profile
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        agent=("Harness", "Runtime"),
        default=("default_profile",),
    )

__all__ = ["Harness", "Runtime", "default_profile"]
