"""Checkpoints: the workspace after every part, as commits of a private repository that nobody else's git sees."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loopwright.checkpoint._restore import Restored
    from loopwright.checkpoint.bundles import bundle, bundle_refs, unbundle
    from loopwright.checkpoint.checkpoints import Checkpoints
    from loopwright.checkpoint.clone import clone_at
    from loopwright.checkpoint.export import export_tree
    from loopwright.checkpoint.history import changed_between, diff, file_at, patch, tree_of
    from loopwright.checkpoint.policy import Policy

__all__ = [
    "Checkpoints",
    "Policy",
    "Restored",
    "bundle",
    "bundle_refs",
    "changed_between",
    "clone_at",
    "diff",
    "export_tree",
    "file_at",
    "patch",
    "tree_of",
    "unbundle",
]

# pygit2 takes 0.1 s to import: only those who use a name pay for it.
_HOMES = {
    "Checkpoints": "checkpoints",
    "Policy": "policy",
    "Restored": "_restore",
    "bundle": "bundles",
    "bundle_refs": "bundles",
    "changed_between": "history",
    "clone_at": "clone",
    "diff": "history",
    "export_tree": "export",
    "file_at": "history",
    "patch": "history",
    "tree_of": "history",
    "unbundle": "bundles",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
