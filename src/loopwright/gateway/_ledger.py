"""What has been spent, whether another call is allowed, and the record of each call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

from loopwright.base import one_line
from loopwright.gateway._call import Answer, Call
from loopwright.gateway.prices import Price
from loopwright.gateway.refusals import Refusal
from loopwright.gateway.requests import RequestKeeper
from loopwright.record import Limits, ModelCalled, Payload, Usage

if TYPE_CHECKING:
    from loopwright.gateway.gateway import PayloadStore

__all__ = ["Exhausted", "Ledger"]

Exhausted = Literal["cost_limit", "token_limit"]


class Ledger:
    """The books of one gateway. Arguments as for `Gateway`."""

    def __init__(
        self,
        on_call: Callable[[ModelCalled], None],
        blobs: PayloadStore,
        next_call: int,
        spent: tuple[float | None, int],
    ) -> None:
        self._on_call = on_call
        self._blobs = blobs
        self.next_call = next_call
        self._requests = RequestKeeper()
        self.cost, self.tokens = spent
        # What was surely or probably spent, for the limit: one unknown charge must not end a run.
        self._at_least = spent[0]
        self.refusal: Refusal | None = None
        self.exhausted: Exhausted | None = None

    def refuse(self, call: Call, limits: Limits) -> Answer | None:
        """The answer to a call that the limits forbid, or None where it may go on."""
        self.exhausted = None
        status = call.wire.final_status
        if limits.max_tokens is not None and self.tokens >= limits.max_tokens:
            self.exhausted = "token_limit"
            return call.refusal(status, _used_up(f"{self.tokens:,} of {limits.max_tokens:,} tokens"), "token_limit")
        if limits.max_cost is None:
            return None
        if self._at_least is None or call.price_of(call.model_sent) is None:
            return call.refusal(status, _unpriced(call.model_sent or "the model"), "price_unknown")
        if self._at_least >= limits.max_cost:
            self.exhausted = "cost_limit"
            return call.refusal(status, _used_up(f"${self._at_least:.4f} of ${limits.max_cost:.4f}"), "cost_limit")
        return None

    def enter(self, call: Call) -> None:
        """Account for a call that has ended, however it ended; once."""
        if call.entered:
            return
        call.entered = True
        cost = self._cost_of(call)
        self._at_least = _sum(self._at_least, self._guess(call) if cost is None else cost)
        self.tokens += call.usage.total
        self.cost = _sum(self.cost, cost)
        self._note_outage(call)
        number, self.next_call = self.next_call, self.next_call + 1
        self._on_call(self._record(call, number, cost))

    def _cost_of(self, call: Call) -> float | None:
        if call.cost is not None:
            return call.cost
        if call.in_doubt:
            return None
        if not call.usage.total:
            # A call that failed before the model did anything costs nothing; one that was answered is another matter.
            return 0.0 if call.status >= 400 or not call.status else None
        price = call.price_of(call.model_served) or call.price_of(call.model_sent)
        return price.cost(call.usage, call.long_cache_writes) if price else None

    def _guess(self, call: Call) -> float | None:
        """What a call may have cost that nobody told the price of: four bytes of what was sent taken for a token."""
        price = call.price_of(call.model_sent)
        usage = call.usage if call.usage.total else Usage(-(-len(call.body) // 4))
        return price.cost(usage, call.long_cache_writes) if price else None

    def _note_outage(self, call: Call) -> None:
        if call.refused is not None:
            self.refusal = call.refused
        elif 200 <= call.status < 300 and not call.in_doubt:
            self.refusal = None

    def restore(self, calls: Iterable[ModelCalled], price_of: Callable[[ModelCalled], Price | None]) -> None:
        """Take what earlier calls cost, or may have cost, from the record, where the sum is not known."""
        if self.cost is None:
            self._at_least = 0.0
            for call in calls:
                price = price_of(call)
                guess = price.cost(call.usage) if price else None
                self._at_least = _sum(self._at_least, guess if call.cost is None else call.cost)

    def _record(self, call: Call, number: int, cost: float | None) -> ModelCalled:
        return ModelCalled(
            call=number,
            timestamp=call.timestamp,
            api=call.wire.api,
            model_asked=call.model_asked,
            model_served=call.model_served,
            backend=call.backend,
            streamed=call.streamed,
            status=call.status,
            finish_reason=call.finish_reason,
            usage=call.usage,
            cost=cost,
            latency_ms=_milliseconds(call.started, time.monotonic()),
            first_token_ms=None if call.first_token is None else _milliseconds(call.started, call.first_token),
            retries=call.retries,
            error=one_line(call.error, 1000),
            request=self._blobs.payload(self._requests.shorten(call.wire.api, number, call.value)),
            response=self._response(call),
            script=call.script,
            purpose=call.purpose,
            conversation=call.conversation,
            waited_ms=round(call.waited * 1000, 3),
        )

    def _response(self, call: Call) -> Payload | None:
        if call.response is None:
            return None
        marked = isinstance(call.response, dict) and call.usage_estimated
        return self._blobs.payload(call.response | {"usage_estimated": True} if marked else call.response)


def _sum(total: float | None, more: float | None) -> float | None:
    return None if total is None or more is None else total + more


def _milliseconds(since: float, until: float) -> float:
    return round((until - since) * 1000, 3)


def _used_up(how: str) -> str:
    # Not "limit exceeded" or "too many tokens": agents take that for a full context and start to compact it.
    return f"The budget of this run is used up: {how} spent. The run ends here."


def _unpriced(model: str) -> str:
    return f"The price of {model} is not known, so the cost limit of this run cannot be kept. Limit tokens instead."
