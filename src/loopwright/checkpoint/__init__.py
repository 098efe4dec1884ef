"""Checkpoints: the workspace after every part, as commits of a private repository that nobody else's git sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.base import lazy_names

if TYPE_CHECKING:
    from loopwright.checkpoint._restore import Restored
    from loopwright.checkpoint.bundles import bundle, bundle_refs, unbundle
    from loopwright.checkpoint.checkpoints import Checkpoints
    from loopwright.checkpoint.clone import clone_at
    from loopwright.checkpoint.export import export_tree
    from loopwright.checkpoint.history import changed_between, diff, file_at, patch, tree_of
    from loopwright.checkpoint.policy import Policy
else:
    # pygit2 takes 0.1 s to import: only those who use a name pay for it.
    __getattr__, __dir__ = lazy_names(
        __name__,
        _restore=("Restored",),
        bundles=("bundle", "bundle_refs", "unbundle"),
        checkpoints=("Checkpoints",),
        clone=("clone_at",),
        export=("export_tree",),
        history=("changed_between", "diff", "file_at", "patch", "tree_of"),
        policy=("Policy",),
    )

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
