"""One call through the gateway, from its request to its place in the record."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import msgspec

from loopwright.gateway.wire.neutral import Ask, Wire
from loopwright.record import ScriptPosition, Usage

__all__ = ["Answer", "Call"]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Answer:
    """What is sent back: one body, or events as they come. Async events come from a provider and must be closed."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    events: Iterator[bytes] | AsyncIterator[bytes] | None = None

    @classmethod
    def json(cls, status: int, value: Any) -> Answer:
        """An answer that is one JSON object."""
        return cls(status, {"content-type": "application/json"}, msgspec.json.encode(value))


@dataclass
class Call:
    """A call while it is under way; a backend fills in what it learns.

    Attributes:
        value: The request as JSON.
        headers: Of the request, with lower-case names.
        started: On the monotonic clock, in seconds; `first_token` too.
        usage_estimated: Nobody counted: four bytes were taken for a token.
        cost: Set only where the provider itself said what it charged.
        in_doubt: It was sent, and the provider may charge for it, but has not said how much.
        outage: Why the provider gives no answer, for a person; empty where it does.
        done: The end of the answer has been seen.
        cut: The provider's stream broke.
        entered: The call is in the record.
    """

    wire: Wire
    value: dict[str, Any]
    body: bytes
    headers: Mapping[str, str]
    query: str = ""
    started: float = field(default_factory=time.monotonic)
    timestamp: str = field(default_factory=_now)
    model_sent: str = ""
    model_served: str = ""
    status: int = 0
    finish_reason: str = ""
    usage: Usage = field(default_factory=Usage)
    usage_estimated: bool = False
    long_cache_writes: int = 0
    cost: float | None = None
    first_token: float | None = None
    retries: int = 0
    error: str = ""
    response: Any = None
    script: ScriptPosition | None = None
    in_doubt: bool = False
    outage: str = ""
    done: bool = False
    cut: bool = False
    entered: bool = False

    @property
    def model_asked(self) -> str:
        """The model that the agent asked for."""
        return str(self.value.get("model") or "")

    @property
    def streamed(self) -> bool:
        """Whether the agent wants a stream."""
        return self.value.get("stream") is True

    @cached_property
    def ask(self) -> Ask:
        """The request as a scripted model reads it.

        Raises:
            BadRequest: It is not a request of its API.
        """
        return self.wire.read(self.value)

    def saw_token(self) -> None:
        """Note the moment of the first content."""
        if self.first_token is None:
            self.first_token = time.monotonic()

    def refusal(self, status: int, message: str, code: str) -> Answer:
        """Answer with an error in the API's own shape, which its SDK does not retry, and note it."""
        self.error, self.response = message, self.wire.error(status, message, code)
        self.status = status
        answer = Answer.json(status, self.response)
        answer.headers["x-should-retry"] = "false"
        return answer
