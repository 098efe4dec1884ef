"""What a model asked for and what came of it, whatever syntax it used. The words of the whole runtime."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from loopwright.runtime.edits.operations import Operation

__all__ = ["Call", "Malformed", "Outcome", "Parsed"]


class Call(Struct, frozen=True):
    """One tool call of a reply.

    Attributes:
        call_id: The provider's id, or `text_<reply>_<n>` for a call that was written in the text.
        tool: The name as the model wrote it.
        arguments: A JSON object, or None where it could not be read; `problem` says why.
        raw: The arguments, or the block of text, as received.
        origin: `native` for the provider's own tool calls, `text` for a dialect.
        dialect: The dialect's name; `provider_native` for native calls.
        span: Where in the text of the reply it stands, as [start, end) in characters; None for native calls.
        operations: What a block of an edit dialect lowers to; None for all other calls.
        problem: Why the arguments cannot be used, for the model.
    """

    call_id: str
    tool: str
    arguments: dict[str, Any] | None
    raw: str
    origin: Literal["native", "text"] = "native"
    dialect: str = "provider_native"
    span: tuple[int, int] | None = None
    operations: tuple[Operation, ...] | None = None
    problem: str = ""


class Malformed(Struct, frozen=True):
    """A block that begins like a call and cannot be read. Lines count from 1 in the text of the reply."""

    dialect: str
    span: tuple[int, int]
    line: int
    found: str
    expected: str


class Parsed(Struct, frozen=True):
    """The calls of a text in text order, what is broken in it, and the prose without either."""

    calls: tuple[Call, ...]
    malformed: tuple[Malformed, ...]
    prose: str


class Outcome(Struct, frozen=True):
    """What the model is told of one call, and what the record keeps of it.

    Attributes:
        text: What the model reads.
        status: `denied` where a rule, a mode or a permission forbade it; `rule` names which.
        finishes: Whether this ends the turn (a completed `finish`).
        waited: Why the call did not run at once, in words; empty where it did.
        tests: Passed and total, where tests were run.
    """

    text: str
    status: Literal["completed", "failed", "denied", "timeout"] = "completed"
    exit_code: int | None = None
    summary: str = ""
    may_change_files: bool = False
    grade_ids: tuple[str, ...] = ()
    finishes: bool = False
    rule: str = ""
    waited: str = ""
    tests: tuple[int, int] | None = None
