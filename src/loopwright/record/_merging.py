"""Two checkpoints in a row, seen as one."""

from __future__ import annotations

from msgspec import structs

from loopwright.record.events import CheckpointTaken, PartAdded
from loopwright.record.values import CheckpointInfo

__all__ = ["merged", "with_checkpoint"]


def merged(first: CheckpointInfo | None, second: CheckpointInfo) -> CheckpointInfo:
    """The files of both, from before the first to after the second."""
    if first is None:
        return second
    changes = {change.path: change for change in (*first.changed_files, *second.changed_files)}
    return CheckpointInfo(
        commit_before=first.commit_before,
        commit_after=second.commit_after,
        tree=second.tree,
        changed_files=tuple(changes.values()),
        skipped=(*first.skipped, *second.skipped),
    )


def with_checkpoint(part: PartAdded, taken: CheckpointTaken) -> PartAdded:
    """The part, with the checkpoint that was taken after it counted as its own."""
    checkpoint = merged(part.checkpoint, taken.checkpoint)
    return structs.replace(part, checkpoint=checkpoint, files=checkpoint.changed_files)
