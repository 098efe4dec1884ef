"""The one name that a file of the workspace has for rules, permissions and schedules, however a model writes it."""

from __future__ import annotations

import posixpath

__all__ = ["plain_name"]

_ROOT = "/workspace"


def plain_name(path: str) -> str:
    """A path as text, relative to the workspace (`.` for itself); absolute where it leads outside."""
    full = "/" + posixpath.normpath(posixpath.join(_ROOT, path)).lstrip("/")
    return "." if full == _ROOT else full.removeprefix(f"{_ROOT}/")
