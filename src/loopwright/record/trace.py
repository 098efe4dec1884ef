"""The shape of `agent_trace.json`: what readers of a trajectory see. Derived from the journal, never the truth.

The field names of seed 000 are kept; what it lacked is added (content, tools, usage, cost, grades, schema version).
A turn names its first and last part and does not repeat the parts.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from loopwright.record.events import (
    EndReason,
    FileChange,
    GradeCause,
    Limits,
    LimitsChanged,
    ModelCalled,
    Noticed,
    PartType,
    Payload,
    Steered,
    SuiteCount,
    ToolUse,
    Usage,
)

__all__ = [
    "EnvoiCall",
    "RepoCheckpoint",
    "SessionEnd",
    "TestingState",
    "Totals",
    "Trace",
    "TraceGrade",
    "TracePart",
    "TraceSession",
    "TraceTool",
    "TraceTurn",
]


class _Row(Struct, frozen=True, gc=False):
    """Base of what a trace is made of. As with `Record`, there are no cycles for the garbage collector to find."""


class EnvoiCall(_Row, frozen=True):
    """One `run_tests` call of the agent; the seed's name is kept. `result` has `passed, failed, total`."""

    path: str
    timestamp: str
    duration_ms: int
    status_code: int
    error: str | None
    result: dict[str, int] | None
    grade_id: str


class TestingState(_Row, frozen=True):
    """What the tests said up to and including this part.

    A suite is in `solved_paths` only while its newest full grade reported its full count, all passed.
    """

    __test__ = False

    solved_paths: tuple[str, ...] = ()
    total_paths: int = 0
    latest_path: str | None = None
    latest_passed: int | None = None
    latest_total: int | None = None
    latest_status_code: int | None = None
    latest_error: str | None = None
    suites: dict[str, SuiteCount] = {}


class RepoCheckpoint(_Row, frozen=True):
    """The seed's checkpoint record: `changed_files` are paths; `changes` says what happened to each."""

    commit_before: str | None
    commit_after: str
    committed: bool
    changed_files: tuple[str, ...]
    tree: str = ""
    changes: tuple[FileChange, ...] = ()


class TraceTool(ToolUse, frozen=True, omit_defaults=False):
    """A tool call or its result, with every field, so that readers need not know our defaults."""


class TracePart(_Row, frozen=True):
    """One part: the seed's fields first, then ours."""

    trajectory_id: str
    session_id: str
    agent: str
    part: int
    timestamp: str
    role: str
    part_type: PartType
    item_type: str
    summary: str
    duration_ms: int
    agent_model: str
    git_commit: str
    envoi_calls: tuple[EnvoiCall, ...]
    testing_state: TestingState
    repo_checkpoint: RepoCheckpoint | None
    turn: int = 0
    content: Payload | None = None
    tool: TraceTool | None = None
    usage: Usage | None = None
    cost: float | None = None
    files: tuple[FileChange, ...] = ()
    reply: int | None = None
    parent: str | None = None
    raw: Payload | None = None


class TraceTurn(_Row, frozen=True):
    """One prompt and the range of parts that answered it."""

    turn: int
    timestamp: str
    prompt: Payload
    part_start: int
    part_end: int | None
    outcome: str | None
    detail: str
    git_commit: str


class TraceGrade(_Row, frozen=True):
    """One grade of one commit. `results` is the list of case results."""

    grade_id: str
    cause: GradeCause
    turn: int
    part: int
    timestamp: str
    commit: str
    tree: str
    path: str
    status_code: int
    error: str
    passed: int
    failed: int
    total: int
    duration_ms: int
    suites: dict[str, SuiteCount]
    results: Payload
    cached: bool


class Totals(_Row, frozen=True):
    """Sums over all model calls. `cost` is None where the price of some call is not known.

    `waited_seconds` were spent waiting for rate limits and outages, call by call.
    """

    model_calls: int
    usage: Usage
    cost: float | None
    active_seconds: float
    waited_seconds: float = 0.0


class TraceSession(_Row, frozen=True):
    """When an agent's own memory was recorded. `files` maps its paths to their sizes in bytes."""

    timestamp: str
    turn: int
    part: int
    agent: str
    session_id: str
    files: dict[str, int]


class SessionEnd(_Row, frozen=True):
    """Why the trajectory ended, as in seed 000, and the first commit at which every suite passed."""

    reason: EndReason
    total_parts: int
    total_turns: int
    final_git_commit: str
    timestamp: str = ""
    solved_commit: str | None = None
    detail: str = ""


class Trace(_Row, frozen=True):
    """A whole trajectory. `parts` is the source of truth for readers."""

    schema_version: int
    trajectory_id: str
    session_id: str
    agent: str
    agent_model: str
    started_at: str
    parts: tuple[TracePart, ...]
    turns: tuple[TraceTurn, ...]
    artifacts: dict[str, str]
    session_end: SessionEnd | None
    agent_version: str = ""
    model: str = ""
    scripted: bool = False
    task: str = ""
    task_path: str = ""
    task_digest: str = ""
    instruction: Payload | None = None
    sandbox: str = ""
    isolation: str = ""
    limits: Limits = Limits()
    suites: dict[str, int] = {}
    initial_commit: str = ""
    parent: str | None = None
    parent_part: int | None = None
    grades: tuple[TraceGrade, ...] = ()
    model_calls: tuple[ModelCalled, ...] = ()
    notices: tuple[Noticed, ...] = ()
    steering: tuple[Steered, ...] = ()
    limit_changes: tuple[LimitsChanged, ...] = ()
    agent_sessions: tuple[TraceSession, ...] = ()
    totals: Totals = Totals(0, Usage(), 0.0, 0.0)
    resumed_after: tuple[int, ...] = ()
    environment: dict[str, str] = {}
    options: dict[str, Any] = {}
