"""Our own coding agent: one YAML file, the profile, says everything about it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.runtime.agent import Harness, Runtime
    from loopwright.runtime.default import default_profile

_HOMES = {"Harness": "agent", "Runtime": "agent", "default_profile": "default"}

__all__ = ["Harness", "Runtime", "default_profile"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
