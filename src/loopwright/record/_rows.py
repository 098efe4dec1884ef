"""The rows of a trajectory, each from its event."""

from __future__ import annotations

from loopwright.record.events import AgentSession, PartAdded, Payload, RunStarted, TestsGraded, ToolUse, TurnStarted
from loopwright.record.trace import (
    EnvoiCall,
    RepoCheckpoint,
    TestingState,
    TraceGrade,
    TracePart,
    TraceSession,
    TraceTool,
    TraceTurn,
)

__all__ = ["grade_row", "part_row", "session_row", "turn_row"]


def turn_row(event: TurnStarted, commit: str) -> TraceTurn:
    """A turn that has begun; `commit` is the workspace's then."""
    return TraceTurn(
        turn=event.turn,
        timestamp=event.timestamp,
        prompt=event.prompt,
        part_start=event.part_start,
        part_end=None,
        outcome=None,
        detail="",
        git_commit=commit,
    )


def part_row(
    start: RunStarted, event: PartAdded, commit: str, state: TestingState, grades: dict[str, TestsGraded]
) -> TracePart:
    """A part, with the grades that it names out of `grades` (by id)."""
    return TracePart(
        trajectory_id=start.trajectory_id,
        session_id=start.session_id,
        agent=start.agent,
        part=event.part,
        timestamp=event.timestamp,
        role=event.role,
        part_type=event.part_type,
        item_type=event.item_type,
        summary=event.summary,
        duration_ms=event.duration_ms,
        agent_model=event.agent_model,
        git_commit=commit,
        envoi_calls=tuple(_envoi_call(grades[name]) for name in event.grade_ids if name in grades),
        testing_state=state,
        repo_checkpoint=_repo_checkpoint(event),
        turn=event.turn,
        content=event.content,
        tool=_tool(event.tool),
        usage=event.usage,
        cost=event.cost,
        files=event.files,
        reply=event.reply,
        parent=event.parent,
        raw=event.raw,
    )


def _tool(use: ToolUse | None) -> TraceTool | None:
    return None if use is None else TraceTool(**{name: getattr(use, name) for name in ToolUse.__struct_fields__})


def _envoi_call(grade: TestsGraded) -> EnvoiCall:
    counts = {"passed": grade.passed, "failed": grade.failed, "total": grade.total}
    return EnvoiCall(
        path=grade.path,
        timestamp=grade.timestamp,
        duration_ms=grade.duration_ms,
        status_code=grade.status_code,
        error=grade.error or None,
        result=counts if grade.status_code == 200 else None,
        grade_id=grade.grade_id,
    )


def _repo_checkpoint(event: PartAdded) -> RepoCheckpoint | None:
    info = event.checkpoint
    if info is None:
        return None
    return RepoCheckpoint(
        commit_before=info.commit_before,
        commit_after=info.commit_after,
        committed=info.commit_before != info.commit_after,
        changed_files=tuple(change.path for change in info.changed_files),
        tree=info.tree,
        changes=info.changed_files,
    )


def session_row(event: AgentSession) -> TraceSession:
    """An agent's own memory, its content left out."""
    sizes = {path: event.offsets.get(path, 0) + _bytes_of(payload) for path, payload in event.files.items()}
    return TraceSession(event.timestamp, event.turn, event.part, event.agent, event.session_id, sizes)


def _bytes_of(payload: Payload) -> int:
    """The size of what a payload holds in base64: JSON has two quotes around it, and four characters are three bytes.

    Padding makes it up to two bytes too many; it is a size for people.
    """
    return max(payload.size - 2, 0) * 3 // 4


def grade_row(grade: TestsGraded) -> TraceGrade:
    """A grade, without what only resuming needs."""
    return TraceGrade(**{name: getattr(grade, name) for name in TraceGrade.__struct_fields__})
