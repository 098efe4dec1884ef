"""When a provider is asked again, and with which headers."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.gateway.provider.headers import to_agent, to_provider
from loopwright.gateway.provider.retry import is_passing, wait_before

KEY = "sk-planted-0123456789"


def test_waiting_grows_within_bounds() -> None:
    chance = random.Random(1)
    for retry, most in ((1, 0.5), (2, 1), (3, 2), (4, 4), (9, 8)):
        waits = [wait_before(retry, {}, chance) or 0 for _ in range(200)]
        assert 0 <= min(waits) < most / 10
        assert most * 0.9 < max(waits) <= most


def test_what_the_provider_asks_for_is_kept_to() -> None:
    chance = random.Random(1)
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=50), usegmt=True)
    asked = {"7": ("retry-after", 7.0, 7.0), "250": ("retry-after-ms", 0.25, 0.25), soon: ("retry-after", 35.0, 50.0)}
    for text, (name, least, most) in asked.items():
        wait = wait_before(1, {name: text}, chance)
        assert wait is not None
        assert least <= wait <= most * 1.25
    assert wait_before(1, {"retry-after": "61"}, chance) is None


@given(st.text(max_size=20), st.integers(1, 5))
def test_any_retry_after_is_survived(text: str, retry: int) -> None:
    wait = wait_before(retry, {"retry-after": text}, random.Random(1))
    assert wait is None or 0 <= wait <= 75


def test_a_status_that_passes_by_itself() -> None:
    assert [status for status in (200, 400, 401, 403, 404, 429, 500, 503, 529) if is_passing(status, b"")] == [
        429,
        500,
        503,
        529,
    ]


def test_an_account_without_credit_does_not_pass() -> None:
    assert not is_passing(429, b'{"error": {"code": "insufficient_quota"}}')
    assert not is_passing(503, b'{"error": {"type": "billing_error"}}')


@pytest.mark.parametrize("asked", ["nan", "inf", "-inf", "soon", "-5"])
def test_a_wait_that_is_no_number_is_not_kept_to(asked: str) -> None:
    assert 0 <= (wait_before(1, {"retry-after": asked}, random.Random(1)) or 0) <= 0.5


def test_headers_stay_here_unless_they_are_needed() -> None:
    kept = to_provider(
        {"connection": "close, x-hop", "x-hop": "1", "cookie": "c", "user-agent": "codex"},
        backend="http",
        api="messages",
        key=KEY,
    )
    assert kept == {
        "user-agent": "codex",
        "accept-encoding": "identity",
        "anthropic-version": "2023-06-01",
        "x-api-key": KEY,
        "authorization": f"Bearer {KEY}",
    }
    assert "authorization" not in to_provider({}, backend="http", api="chat", key="")
    assert to_agent({"Content-Type": "a", "Server": "b", "x-ratelimit-left": "3"}) == {
        "content-type": "a",
        "x-ratelimit-left": "3",
    }
