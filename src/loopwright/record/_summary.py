"""`summary.json`: the few facts that a list of runs shows, without reading the journal."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from loopwright.record._disk import write_file
from loopwright.record.events import Limits, SuiteCount, Usage
from loopwright.record.rundir import RunDir
from loopwright.record.trace import Trace

__all__ = ["Summary", "read_summary", "summarize", "write_summary"]


class Summary(Struct, frozen=True):
    """A run in short. `status` is `ended` or `open`; `reason` is the session end's; times are ISO 8601 in UTC."""

    id: str
    agent: str
    model: str
    scripted: bool
    task: str
    status: str
    reason: str | None
    parts: int
    turns: int
    tests: dict[str, SuiteCount]
    solved_paths: tuple[str, ...]
    total_paths: int
    usage: Usage
    cost: float | None
    active_seconds: float
    started_at: str
    ended_at: str | None
    final_git_commit: str
    solved_commit: str | None
    schema_version: int = 1
    waited_seconds: float = 0.0
    parent: str | None = None
    parent_part: int | None = None
    limits: Limits = Limits()


def summarize(trace: Trace) -> Summary:
    """The summary of a trajectory."""
    last = trace.parts[-1] if trace.parts else None
    end = trace.session_end
    return Summary(
        id=trace.trajectory_id,
        agent=trace.agent,
        model=trace.model or trace.agent_model,
        scripted=trace.scripted,
        task=trace.task,
        status="open" if end is None else "ended",
        reason=None if end is None else end.reason,
        parts=len(trace.parts),
        turns=len(trace.turns),
        tests=last.testing_state.suites if last else {},
        solved_paths=last.testing_state.solved_paths if last else (),
        total_paths=len(trace.suites),
        usage=trace.totals.usage,
        cost=trace.totals.cost,
        active_seconds=trace.totals.active_seconds,
        started_at=trace.started_at,
        ended_at=None if end is None else end.timestamp,
        final_git_commit=last.git_commit if last else trace.initial_commit,
        solved_commit=None if end is None else end.solved_commit,
        waited_seconds=trace.totals.waited_seconds,
        parent=trace.parent,
        parent_part=trace.parent_part,
        limits=trace.limits,
    )


def write_summary(rundir: RunDir, trace: Trace) -> None:
    """Write `summary.json`.

    Raises:
        MachineError: The disk is full or not writable.
    """
    write_file(rundir.summary, msgspec.json.format(msgspec.json.encode(summarize(trace)), indent=2) + b"\n")


def read_summary(rundir: RunDir) -> Summary | None:
    """The summary as last written, or None where there is none or another version wrote it."""
    try:
        return msgspec.json.decode(rundir.summary.read_bytes(), type=Summary)
    except (OSError, msgspec.MsgspecError):
        return None
