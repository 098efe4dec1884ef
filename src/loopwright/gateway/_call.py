"""One call through the gateway, from its request to its place in the record."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

import anyio
import msgspec

from loopwright.gateway._activity import Activity
from loopwright.gateway._conversation import conversation_of
from loopwright.gateway._core import OnText
from loopwright.gateway.prices import Price
from loopwright.gateway.refusals import Refusal
from loopwright.gateway.wire.neutral import Ask, BadRequest, Wire
from loopwright.record import ScriptPosition, Usage

__all__ = ["Answer", "Call"]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _unknown_price(_: str) -> None:
    """Nobody said what a model costs."""


@dataclass
class Answer:
    """What is sent back: one body, or events as they come. Async events come from a provider and must be closed.

    After events that are no async ones the stream ends, is cut, or hangs until the agent goes.
    """

    status: int
    headers: dict[str, str]
    body: bytes = b""
    events: Iterator[bytes] | AsyncIterator[bytes] | None = None
    ending: Literal["end", "cut", "hang"] = "end"

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
        refused: Why the model gives no answer, for a person; None where it does.
        done: The end of the answer has been seen.
        cut: The provider's stream broke.
        entered: The call is in the record.
        number: The number that it will have in the record, unless another call ends before it.
        purpose: What the agent wants it for, as `ModelCalled.purpose`.
        waited: Seconds spent waiting for a rate limit or an outage to pass.
        on_text: Gets the reply as it streams.
        backend: What kind of model answers, as `ModelSpec.backend`.
        price_of: The price of a model there, or None where it is not known.
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
    refused: Refusal | None = None
    done: bool = False
    cut: bool = False
    entered: bool = False
    number: int = 0
    purpose: str = ""
    waited: float = 0.0
    activity: Activity = field(default_factory=Activity)
    on_text: OnText | None = None
    backend: str = ""
    price_of: Callable[[str], Price | None] = _unknown_price

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

    @cached_property
    def conversation(self) -> str:
        """The agent's own name of its conversation, or one made of how it opens; empty where it cannot be read."""
        try:
            return conversation_of(self.headers, self.ask)
        except (BadRequest, RecursionError):
            return ""

    async def wait(self, seconds: float) -> None:
        """Wait for a rate limit or an outage to pass."""
        began = time.monotonic()
        try:
            with self.activity.pausing():
                await anyio.sleep(seconds)
        finally:
            self.waited += time.monotonic() - began

    def saw_token(self) -> None:
        """Note the moment of the first content."""
        if self.first_token is None:
            self.first_token = time.monotonic()

    def tell(self, reasoning: str, text: str) -> None:
        """Show a reply that does not come bit by bit to whoever looks on."""
        if self.on_text is not None:
            for kind, words in (("reasoning", reasoning), ("text", text)):
                if words:
                    self.on_text(kind, words)

    def refusal(self, status: int, message: str, code: str) -> Answer:
        """Answer with an error in the API's own shape, which its SDK does not retry, and note it."""
        self.error, self.response = message, self.wire.error(status, message, code)
        self.status = status
        answer = Answer.json(status, self.response)
        answer.headers["x-should-retry"] = "false"
        return answer
