"""Tokens and money spent up to each part, in sums that end at the totals of the trace."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from loopwright.record import Trace, Usage

__all__ = ["TOKEN_KINDS", "spending"]

TOKEN_KINDS = ("input", "cache_read", "cache_write", "output")
_Bill = tuple[Usage, float | None]


def spending(trace: Trace) -> list[dict[str, Any]]:
    """Per part, in order: `tokens` (cumulative, by kind) and `cost` (cumulative US dollars, None where unknown).

    The gateway's calls are the measure; a call belongs to the first part that was recorded after it ended, and
    calls after the last part to the last part. An agent without gateway calls is billed by what its parts say.
    """
    bills = _bills_of_calls(trace) if trace.model_calls else _bills_of_parts(trace)
    rows: list[dict[str, Any]] = []
    sums = dict.fromkeys(TOKEN_KINDS, 0)
    cost: float | None = 0.0
    for part_bills in bills:
        for usage, price in part_bills:
            sums = {kind: sums[kind] + count for kind, count in _by_kind(usage).items()}
            cost = None if cost is None or price is None else cost + price
        rows.append({"tokens": dict(sums), "cost": cost})
    return rows


def _by_kind(usage: Usage) -> dict[str, int]:
    return {
        "input": usage.input_tokens,
        "cache_read": usage.cache_read_tokens,
        "cache_write": usage.cache_write_tokens,
        "output": usage.output_tokens,
    }


def _bills_of_parts(trace: Trace) -> list[list[_Bill]]:
    return [[(part.usage, part.cost)] if part.usage else [] for part in trace.parts]


def _bills_of_calls(trace: Trace) -> list[list[_Bill]]:
    bills: list[list[_Bill]] = [[] for _ in trace.parts]
    ends = [_moment(part.timestamp) for part in trace.parts]
    index = 0
    for call in trace.model_calls:
        while index < len(ends) - 1 and ends[index] < _moment(call.timestamp):
            index += 1
        if bills:
            bills[index].append((call.usage, call.cost))
    return bills


def _moment(timestamp: str) -> datetime:
    return datetime.fromisoformat(timestamp)
