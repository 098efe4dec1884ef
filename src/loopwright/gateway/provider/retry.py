"""When to ask a provider again, and after how long."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from loopwright.gateway.refusals import kind_of

__all__ = ["MOST_RETRIES", "MOST_RETRIES_OF_A_KNOWN_ONE", "is_passing", "too_long", "wait_before"]

MOST_RETRIES = 4
"""While a provider has never answered: a wrong address should be told soon."""

MOST_RETRIES_OF_A_KNOWN_ONE = 8
"""Once it has: what has worked will work again, and a run of hours is worth half a minute."""

_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 8.0
_LONGEST_ASKED = 60.0


def is_passing(status: int, body: bytes) -> bool:
    """Whether the same request may well succeed a little later."""
    # No waiting helps against an account without credit, whatever the status.
    return status in _PASSING and kind_of(status, body, True) != "no_credit"


def wait_before(retry: int, headers: Mapping[str, str], chance: random.Random) -> float | None:
    """Seconds to wait before retry number `retry` (from 1), or None where the provider asks for more than 60 s.

    What the provider asks for is kept to, and up to a quarter is added so that many runs do not come back at once.
    Otherwise it is any time up to a bound that doubles from 0.5 s to at most 8 s ("full jitter", Brooker, Exponential
    Backoff and Jitter, 2015).
    """
    asked = _asked(headers)
    if asked is not None:
        return None if asked > _LONGEST_ASKED else asked * (1 + chance.random() / 4)
    wait: float = min(_FIRST_WAIT * 2 ** (retry - 1), _LONGEST_WAIT)
    return wait * chance.random()


def too_long(headers: Mapping[str, str]) -> bool:
    """Whether the provider asks for a longer wait than is kept to here."""
    return (_asked(headers) or 0.0) > _LONGEST_ASKED


def _asked(headers: Mapping[str, str]) -> float | None:
    """Seconds from `retry-after-ms` or `retry-after` (a number or an HTTP date)."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name, "").strip()
        if text:
            return _seconds(text, unit)
    return None


def _seconds(text: str, unit: float) -> float | None:
    try:
        number = float(text) * unit
    except ValueError:
        return _until(text)
    return max(number, 0.0) if math.isfinite(number) else None


def _until(text: str) -> float | None:
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max((when - datetime.now(UTC)).total_seconds(), 0.0)
