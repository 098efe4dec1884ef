"""The one place where something that happened becomes an event.

An item of the agent and the commit of what it did to the files are one event, so that a crash leaves both or
neither: see docs/decisions/001.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from loopwright.agents import AgentItem
from loopwright.checkpoint import Checkpoints
from loopwright.record import (
    BlobStore,
    CheckpointInfo,
    CheckpointTaken,
    Event,
    Journal,
    ModelCalled,
    Noticed,
    PartAdded,
    Payload,
    ToolUse,
)
from loopwright.trajectory.clock import Stopwatch, now
from loopwright.trajectory.state import RunState
from loopwright.trajectory.tying import is_run_tests

__all__ = ["Recorder"]


class Recorder:
    """Appends events and keeps the fold of them, `state`, up to date."""

    def __init__(
        self, journal: Journal, state: RunState, blobs: BlobStore, checkpoints: Checkpoints, model: str
    ) -> None:
        self.state = state
        self.blobs = blobs
        self.checkpoints = checkpoints
        self._journal = journal
        self._model = model
        self._watch = Stopwatch()
        self._unspent: float | None = 0.0

    def emit(self, event: Event) -> None:
        """Append one event.

        Raises:
            MachineError: The disk is full; nothing that was acknowledged is lost.
        """
        self._journal.append(event)
        if isinstance(event, ModelCalled):
            self._count_cost(event.cost)

    def notice(self, code: str, message: str, level: Any = "warning") -> None:
        """Tell people something that is not a part."""
        self.emit(Noticed(timestamp=now(), level=level, code=code, message=message))

    def lap(self) -> None:
        """The next part's duration counts from now."""
        self._watch.lap()

    def part(self, item: AgentItem, turn: int) -> PartAdded:
        """Record a complete item as the next part, with the commit of the files as they are now."""
        number = self.state.parts + 1
        made = None
        if item.may_change_files:
            made = self.checkpoints.snapshot(number, f"part {number}: {item.tool_name or item.item_type}")
        return self._add(number, self._tied(item), turn, made)

    def settle(self) -> None:
        """Compare every file; changes that no part accounts for become a `patch` part of their own."""
        self.checkpoints.full_scan()
        self._patch()

    def _patch(self) -> None:
        number = self.state.parts + 1
        made = self.checkpoints.snapshot(number, f"part {number}: changes outside of a tool call")
        if made is not None:
            count = len(made.changed_files)
            files = "1 file" if count == 1 else f"{count} files"
            item = AgentItem("patch", "workspace_change", f"{files} changed outside of a tool call")
            self._add(number, item, self.state.turns, made)

    def _tied(self, item: AgentItem) -> AgentItem:
        """A result of `run_tests` that came through MCP, with the grade that it was."""
        if item.part_type != "tool_result" or item.grade_ids or not is_run_tests(item.tool_name or ""):
            return item
        return structs.replace(item, grade_ids=self.state.ties.grade_for(item.call_id, item.arguments))

    def _add(self, number: int, item: AgentItem, turn: int, checkpoint: CheckpointInfo | None) -> PartAdded:
        event = PartAdded(
            part=number,
            turn=turn,
            timestamp=now(),
            role=item.role,
            part_type=item.part_type,
            item_type=item.item_type,
            summary=item.summary,
            duration_ms=self._watch.lap(),
            agent_model=self._model,
            content=self._payload(item.content),
            tool=self._tool(item),
            usage=item.usage,
            cost=self._take_cost() if item.usage is not None else None,
            files=checkpoint.changed_files if checkpoint else (),
            checkpoint=checkpoint,
            grade_ids=item.grade_ids,
            reply=item.reply,
            parent=item.parent,
            raw=self._payload(item.raw),
        )
        self.emit(event)
        self._tell_skipped(checkpoint)
        return event

    def commit_now(self) -> tuple[str, str]:
        """Commit the files as they are between two parts, and record that; commit and tree.

        Before the first part there is none that the changes could belong to: they become a `patch` part.
        """
        state = self.state
        if not state.parts:
            self._patch()
        elif (made := self.checkpoints.snapshot(state.parts, f"after part {state.parts}")) is not None:
            self.emit(CheckpointTaken(timestamp=now(), turn=state.turns, part=state.parts, checkpoint=made))
            self._tell_skipped(made)
        return self.checkpoints.head, self.checkpoints.tree

    def _tell_skipped(self, checkpoint: CheckpointInfo | None) -> None:
        for file in checkpoint.skipped if checkpoint else ():
            self.notice("file_not_kept", f"{file.path} ({file.size} bytes) was not kept in the checkpoint: {file.why}")

    def _tool(self, item: AgentItem) -> ToolUse | None:
        if item.tool_name is None:
            return None
        return ToolUse(
            name=item.tool_name,
            call_id=item.call_id,
            arguments=self._payload(item.arguments),
            result=self._payload(item.result),
            status=item.tool_status,
            exit_code=item.exit_code,
        )

    def _payload(self, value: Any) -> Payload | None:
        return None if value is None else self.blobs.payload(value)

    def _count_cost(self, cost: float | None) -> None:
        self._unspent = None if cost is None or self._unspent is None else self._unspent + cost

    def _take_cost(self) -> float | None:
        taken, self._unspent = self._unspent, 0.0
        return taken
