"""Every event that a journal can hold, in one file.

An event is a `msgspec` struct tagged by `type`. Fields are only ever added, with defaults; a tag is never
renamed or reused, so that a journal of any age can be read. `SCHEMA_VERSION` is written into the first event.
All times are ISO 8601 in UTC, all durations milliseconds, all costs US dollars.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import field

from loopwright.record.values import (
    CheckpointInfo,
    FileChange,
    Limits,
    Payload,
    Record,
    ScriptPosition,
    SkippedFile,
    SuiteCount,
    ToolUse,
    Usage,
)

__all__ = [
    "SCHEMA_VERSION",
    "AgentSession",
    "CheckpointInfo",
    "CheckpointTaken",
    "EndReason",
    "Event",
    "FileChange",
    "GradeCause",
    "Limits",
    "LimitsChanged",
    "ModelCalled",
    "Noticed",
    "PartAdded",
    "PartType",
    "Payload",
    "RunEnded",
    "RunResumed",
    "RunStarted",
    "ScriptPosition",
    "SkippedFile",
    "Steered",
    "StopRequested",
    "SuiteCount",
    "TestsGraded",
    "ToolUse",
    "TurnEnded",
    "TurnStarted",
    "Usage",
    "decode_event",
    "encode_event",
]

SCHEMA_VERSION = 1

PartType = Literal["reasoning", "text", "tool_call", "tool_result", "patch", "unknown"]
EndReason = Literal[
    "solved",
    "finished",
    "part_limit",
    "turn_limit",
    "cost_limit",
    "token_limit",
    "time_limit",
    "stopped",
    "agent_error",
    "harness_error",
    "infrastructure_error",
]
GradeCause = Literal["agent", "turn_end", "final"]


class RunStarted(Record, frozen=True, tag="run_started", tag_field="type"):
    """The first event: what is run, with digests of everything that could make it differ.

    `suites` maps each expected suite to its full number of tests; `store` is "" where it is the home itself.
    `environment` holds versions and the isolation in force, for people; nothing reads it to decide. A fork names the
    run and the part that it began from in `parent` and `parent_part`.
    """

    schema_version: int
    trajectory_id: str
    session_id: str
    started_at: str
    agent: str
    agent_version: str
    agent_model: str
    model: str
    scripted: bool
    task: str
    task_path: str
    task_digest: str
    instruction: Payload
    sandbox: str
    isolation: str
    limits: Limits
    suites: dict[str, int]
    store: str
    artifacts: dict[str, str]
    initial_commit: str
    initial_tree: str
    parent: str | None = None
    parent_part: int | None = None
    environment: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


class TurnStarted(Record, frozen=True, tag="turn_started", tag_field="type"):
    """A prompt was given to the agent. Turns count from 1."""

    turn: int
    timestamp: str
    prompt: Payload
    part_start: int


class PartAdded(Record, frozen=True, tag="part_added", tag_field="type"):
    """One complete part; the commit that holds its effect on the workspace rides in the same event.

    `reply` numbers the model's replies within the trajectory, so that parts of one reply stay together.
    `raw` is the provider's item as received.
    """

    part: int
    turn: int
    timestamp: str
    role: Literal["assistant", "user"]
    part_type: PartType
    item_type: str
    summary: str
    duration_ms: int
    agent_model: str
    content: Payload | None = None
    tool: ToolUse | None = None
    usage: Usage | None = None
    cost: float | None = None
    files: tuple[FileChange, ...] = ()
    checkpoint: CheckpointInfo | None = None
    grade_ids: tuple[str, ...] = ()
    reply: int | None = None
    parent: str | None = None
    raw: Payload | None = None


class ModelCalled(Record, frozen=True, tag="model_called", tag_field="type"):
    """One call through the gateway, as it ended. `cost` is None where the price is not known.

    `purpose` says what the agent wanted it for where its request shows that: `turn`, `title`, `compaction`,
    `subagent`, `side`; `conversation` is the agent's own name of the conversation. `waited_ms` is the part of the
    latency that was spent waiting for a rate limit or an outage to pass.
    """

    call: int
    timestamp: str
    api: Literal["chat", "responses", "messages"]
    model_asked: str
    model_served: str
    backend: str
    streamed: bool
    status: int
    finish_reason: str
    usage: Usage
    cost: float | None
    latency_ms: float
    first_token_ms: float | None
    retries: int = 0
    error: str = ""
    request: Payload | None = None
    response: Payload | None = None
    script: ScriptPosition | None = None
    purpose: str = ""
    conversation: str = ""
    waited_ms: float = 0.0


class TestsGraded(Record, frozen=True, tag="tests_graded", tag_field="type"):
    """A grade of one commit. `results` is the list of case results (see `harness.results`).

    `status_code` is 200 where the tests ran to the end, 400 where the path names no test, 500 where the
    harness failed, as in seed 000.
    """

    __test__ = False

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
    cached: bool = False
    call_id: str = ""


class TurnEnded(Record, frozen=True, tag="turn_ended", tag_field="type"):
    """The agent yielded. `outcome` is the agent's own account; `detail` says more for people."""

    turn: int
    timestamp: str
    part_end: int
    outcome: Literal["finished", "interrupted", "error", "limit"]
    detail: str = ""


class Noticed(Record, frozen=True, tag="noticed", tag_field="type"):
    """Something a person should know that is not a part (a skipped file, an untested version, ...)."""

    timestamp: str
    level: Literal["info", "warning", "error"]
    code: str
    message: str


class CheckpointTaken(Record, frozen=True, tag="checkpoint_taken", tag_field="type"):
    """The workspace was committed between two parts, because a grade needed it. `part` is the newest part then."""

    timestamp: str
    turn: int
    part: int
    checkpoint: CheckpointInfo


class AgentSession(Record, frozen=True, tag="agent_session", tag_field="type"):
    """The agent's own memory as of now: the id of its session, and the files that it needs to go on with it.

    `files` maps paths relative to the agent's home to their content in base64. A file in `offsets` only grew: its
    content here begins at that byte, and what comes before is what the earlier events of this kind say of it.
    """

    timestamp: str
    turn: int
    part: int
    agent: str
    session_id: str
    files: dict[str, Payload] = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)


class Steered(Record, frozen=True, tag="steered", tag_field="type"):
    """Somebody told the agent something while the run went on.

    `delivered` is `now` where it reached the turn that was going on, else `next_turn`. `part` is the newest part then.
    """

    timestamp: str
    source: str
    text: Payload
    delivered: Literal["now", "next_turn"]
    turn: int = 0
    part: int = 0


class LimitsChanged(Record, frozen=True, tag="limits_changed", tag_field="type"):
    """Somebody changed the limits while the run went on; `limits` are all that hold from now on."""

    timestamp: str
    source: str
    limits: Limits


class StopRequested(Record, frozen=True, tag="stop_requested", tag_field="type"):
    """Somebody asked the run to end (`stop`, Ctrl-C, a signal)."""

    timestamp: str
    source: str


class RunResumed(Record, frozen=True, tag="run_resumed", tag_field="type"):
    """A new process took the run over after the last event before this one."""

    timestamp: str
    after_part: int
    commit: str
    limits: Limits | None = None
    detail: str = ""


class RunEnded(Record, frozen=True, tag="run_ended", tag_field="type"):
    """The session end of seed 000, with the commit that solved the task where one did.

    `finished` is the end of a task without tests: the agent yielded, and nobody can say whether it is right. `refusal`
    is the kind of the refusal of the model that an `infrastructure_error` is about, as the gateway tells them apart.
    """

    timestamp: str
    reason: EndReason
    total_parts: int
    total_turns: int
    final_git_commit: str
    solved_commit: str | None = None
    detail: str = ""
    refusal: str = ""


Event = (
    RunStarted
    | TurnStarted
    | PartAdded
    | ModelCalled
    | TestsGraded
    | TurnEnded
    | Noticed
    | CheckpointTaken
    | AgentSession
    | Steered
    | LimitsChanged
    | StopRequested
    | RunResumed
    | RunEnded
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode_event(event: Event) -> bytes:
    """The event as compact JSON in UTF-8, without a newline."""
    return _encoder.encode(event)


def decode_event(data: bytes | memoryview) -> Event:
    """Read one event.

    Raises:
        msgspec.ValidationError: The JSON is not an event of a known type.
        msgspec.DecodeError: The bytes are not JSON in UTF-8.
    """
    try:
        return _decoder.decode(data)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from None
