"""The values that events are made of."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

__all__ = [
    "CheckpointInfo",
    "FileChange",
    "Limits",
    "Payload",
    "Record",
    "ScriptPosition",
    "SkippedFile",
    "SuiteCount",
    "ToolUse",
    "Usage",
]


class Record(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=False, gc=False):
    """Base of everything stored: immutable; defaults are not written; newer fields are ignored.

    Read from JSON, so never part of a cycle: the garbage collector need not look at each of a million of them.
    """


class Payload(Record, frozen=True):
    """Content by value, or by the SHA-256 of a blob where its JSON is over 8 KiB.

    Exactly one of `value` (any JSON value) and `blob` (hex digest) is set. `size` is in bytes of JSON;
    `preview` is the beginning of a blob's text, for readers that do not fetch it.
    """

    value: Any = UNSET
    blob: str | UnsetType = UNSET
    size: int = 0
    preview: str = ""


class FileChange(Record, frozen=True):
    """One changed path, relative to the workspace, with forward slashes."""

    path: str
    status: Literal["added", "modified", "deleted"]


class SkippedFile(Record, frozen=True):
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


class CheckpointInfo(Record, frozen=True):
    """The workspace as committed after a part. Commit ids are 40 hex digits."""

    commit_before: str | None
    commit_after: str
    tree: str
    changed_files: tuple[FileChange, ...] = ()
    skipped: tuple[SkippedFile, ...] = ()


class Usage(Record, frozen=True):
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


class ToolUse(Record, frozen=True):
    """A tool call or its result. A result repeats `name` and `call_id` of its call."""

    name: str
    call_id: str
    arguments: Payload | None = None
    result: Payload | None = None
    status: Literal["called", "completed", "failed", "denied", "timeout"] = "called"
    exit_code: int | None = None


class Limits(Record, frozen=True):
    """Limits of a run; None means no limit. Seconds are wall time while the run is being worked on."""

    max_parts: int | None = None
    max_turns: int | None = None
    max_cost: float | None = None
    max_tokens: int | None = None
    max_seconds: float | None = None


class SuiteCount(Record, frozen=True):
    """How one suite did. `expected` is its full number of tests; fewer reported is never a success."""

    passed: int
    failed: int
    total: int
    expected: int
    error: str = ""


class ScriptPosition(Record, frozen=True):
    """Where a scripted model stood when it answered; enough to go on from there after a crash."""

    conversation: str
    reply: int
    served: int
    request_digest: str
    cursor: int
    repeats: int = 0
