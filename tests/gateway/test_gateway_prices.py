from __future__ import annotations

from datetime import date

import pytest

from loopwright.gateway.prices import Price, price_of, table_date
from loopwright.record import Usage


def test_the_table_has_a_date() -> None:
    assert date.fromisoformat(table_date()) <= date.today()  # noqa: DTZ011


def test_caches_have_their_own_price() -> None:
    price = price_of("anthropic", "claude-haiku-4-5-20251001")
    assert price is not None
    usage = Usage(1_000_000, 1_000_000, 1_000_000, 2_000_000)
    assert price.cost(usage) == pytest.approx(1.0 + 5.0 + 0.1 + 2 * 1.25)
    assert price.cost(usage, long_cache_writes=1_000_000) == pytest.approx(1.0 + 5.0 + 0.1 + 1.25 + 2.0)


def test_a_release_costs_what_its_model_costs_unless_listed() -> None:
    assert price_of("openai", "gpt-4o-2024-08-06") == price_of("openai", "gpt-4o")
    assert price_of("openai", "gpt-4o-2024-05-13") != price_of("openai", "gpt-4o")


def test_openrouter_passes_prices_on() -> None:
    assert price_of("openrouter", "anthropic/claude-sonnet-4.5") == price_of("anthropic", "claude-sonnet-4-5")
    assert price_of("openrouter", "openai/gpt-4.1-mini") == price_of("openai", "gpt-4.1-mini")
    assert price_of("openrouter", "openai/gpt-4.1-mini") is not None


@pytest.mark.parametrize(
    ("backend", "model"), [("openai", "gpt-99"), ("http", "gpt-5"), ("openrouter", "qwen/qwen3"), ("openai", "")]
)
def test_what_is_not_known_has_no_price(backend: str, model: str) -> None:
    assert price_of(backend, model) is None


def test_a_prompt_longer_than_the_price_holds_for_has_no_cost() -> None:
    price = Price(1.0, 1.0, 1.0, most_input=100)
    assert price.cost(Usage(50, 0, 50)) == pytest.approx(1e-4)
    assert price.cost(Usage(51, 0, 50)) is None
