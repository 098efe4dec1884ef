"""Every event that a journal can hold, in one file.

An event is a `msgspec` struct tagged by `type`. Fields are only ever added, with defaults; a tag is never
renamed or reused, so that a journal of any age can be read. `SCHEMA_VERSION` is written into the first event.
All times are ISO 8601 in UTC, all durations milliseconds, all costs US dollars.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

__all__ = [
    "SCHEMA_VERSION",
    "CheckpointInfo",
    "EndReason",
    "Event",
    "FileChange",
    "GradeCause",
    "Limits",
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


class _Record(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=False):
    """Base of everything stored: immutable; defaults are not written; newer fields are ignored."""


class Payload(_Record, frozen=True):
    """Content by value, or by the SHA-256 of a blob where its JSON is over 8 KiB.

    Exactly one of `value` (any JSON value) and `blob` (hex digest) is set. `size` is in bytes of JSON;
    `preview` is the beginning of a blob's text, for readers that do not fetch it.
    """

    value: Any = UNSET
    blob: str | UnsetType = UNSET
    size: int = 0
    preview: str = ""


class FileChange(_Record, frozen=True):
    """One changed path, relative to the workspace, with forward slashes."""

    path: str
    status: Literal["added", "modified", "deleted"]


class SkippedFile(_Record, frozen=True):
    """A file that was recorded by hash instead of by content, or not at all, and why."""

    path: str
    size: int
    reason: Literal["too_large", "special_file", "unreadable"]
    sha256: str = ""

    @property
    def why(self) -> str:
        """The reason in words, to follow "was not kept: "."""
        return _WHY.get(self.reason, self.reason)


_WHY = {
    "too_large": "it is too large to keep",
    "special_file": "it is no file, folder or link (a socket, a device, a pipe)",
    "unreadable": "it could not be read",
}


class CheckpointInfo(_Record, frozen=True):
    """The workspace as committed after a part. Commit ids are 40 hex digits."""

    commit_before: str | None
    commit_after: str
    tree: str
    changed_files: tuple[FileChange, ...] = ()
    skipped: tuple[SkippedFile, ...] = ()


class Usage(_Record, frozen=True):
    """Tokens by kind. `input_tokens` excludes both cache kinds; `output_tokens` includes reasoning."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def total(self) -> int:
        """All tokens that count towards a token limit."""
        return self.input_tokens + self.output_tokens + self.cache_read_tokens + self.cache_write_tokens


class ToolUse(_Record, frozen=True):
    """A tool call or its result. A result repeats `name` and `call_id` of its call."""

    name: str
    call_id: str
    arguments: Payload | None = None
    result: Payload | None = None
    status: Literal["called", "completed", "failed", "denied", "timeout"] = "called"
    exit_code: int | None = None


class Limits(_Record, frozen=True):
    """Limits of a run; None means no limit. Seconds are wall time while the run is being worked on."""

    max_parts: int | None = None
    max_turns: int | None = None
    max_cost: float | None = None
    max_tokens: int | None = None
    max_seconds: float | None = None


class SuiteCount(_Record, frozen=True):
    """How one suite did. `expected` is its full number of tests; fewer reported is never a success."""

    passed: int
    failed: int
    total: int
    expected: int
    error: str = ""


class RunStarted(_Record, frozen=True, tag="run_started", tag_field="type"):
    """The first event: what is run, with digests of everything that could make it differ.

    `suites` maps each expected suite to its full number of tests; `store` is "" where it is the home itself.
    `environment` holds versions and the isolation in force, for people; nothing reads it to decide.
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
    environment: dict[str, str] = {}
    options: dict[str, Any] = {}


class TurnStarted(_Record, frozen=True, tag="turn_started", tag_field="type"):
    """A prompt was given to the agent. Turns count from 1."""

    turn: int
    timestamp: str
    prompt: Payload
    part_start: int


class PartAdded(_Record, frozen=True, tag="part_added", tag_field="type"):
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


class ScriptPosition(_Record, frozen=True):
    """Where a scripted model stood when it answered; enough to go on from there after a crash."""

    conversation: str
    reply: int
    served: int
    request_digest: str
    cursor: int
    repeats: int = 0


class ModelCalled(_Record, frozen=True, tag="model_called", tag_field="type"):
    """One call through the gateway, as it ended. `cost` is None where the price is not known."""

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


class TestsGraded(_Record, frozen=True, tag="tests_graded", tag_field="type"):
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


class TurnEnded(_Record, frozen=True, tag="turn_ended", tag_field="type"):
    """The agent yielded. `outcome` is the agent's own account; `detail` says more for people."""

    turn: int
    timestamp: str
    part_end: int
    outcome: Literal["finished", "interrupted", "error", "limit"]
    detail: str = ""


class Noticed(_Record, frozen=True, tag="noticed", tag_field="type"):
    """Something a person should know that is not a part (a skipped file, an untested version, ...)."""

    timestamp: str
    level: Literal["info", "warning", "error"]
    code: str
    message: str


class StopRequested(_Record, frozen=True, tag="stop_requested", tag_field="type"):
    """Somebody asked the run to end (`stop`, Ctrl-C, a signal)."""

    timestamp: str
    source: str


class RunResumed(_Record, frozen=True, tag="run_resumed", tag_field="type"):
    """A new process took the run over after the last event before this one."""

    timestamp: str
    after_part: int
    commit: str
    limits: Limits | None = None
    detail: str = ""


class RunEnded(_Record, frozen=True, tag="run_ended", tag_field="type"):
    """The session end of seed 000, with the commit that solved the task where one did."""

    timestamp: str
    reason: EndReason
    total_parts: int
    total_turns: int
    final_git_commit: str
    solved_commit: str | None = None
    detail: str = ""


Event = (
    RunStarted
    | TurnStarted
    | PartAdded
    | ModelCalled
    | TestsGraded
    | TurnEnded
    | Noticed
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
