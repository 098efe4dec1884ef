"""What a token costs: a dated table, aware of caches. A model that is not in it has no price, never a price of zero."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct

from loopwright.record import Usage

__all__ = ["Price", "price_of", "table_date"]

# A model's dated releases cost what the model costs: -2025-04-14, -20250929, -latest.
_RELEASE = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|latest)$")


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    """US dollars per million tokens, at the standard rate.

    Attributes:
        cache_write: For the short-lived cache; None where writing is not charged on its own (then as `input`).
        cache_write_long: For the one-hour cache.
        most_input: The longest prompt that these prices hold for.
    """

    input: float
    output: float
    cache_read: float
    cache_write: float | None = None
    cache_write_long: float | None = None
    most_input: int | None = None

    def cost(self, usage: Usage, long_cache_writes: int = 0) -> float | None:
        """The cost of one call in US dollars, or None where these prices do not hold for it.

        Args:
            usage: Tokens of the call.
            long_cache_writes: How many of `usage.cache_write_tokens` went to the one-hour cache.
        """
        prompt = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
        if self.most_input is not None and prompt > self.most_input:
            return None
        write = self.input if self.cache_write is None else self.cache_write
        long_write = write if self.cache_write_long is None else self.cache_write_long
        total = (
            usage.input_tokens * self.input
            + usage.output_tokens * self.output
            + usage.cache_read_tokens * self.cache_read
            + (usage.cache_write_tokens - long_cache_writes) * write
            + long_cache_writes * long_write
        )
        return total / 1e6


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    as_of: str
    openai: dict[str, Price]
    anthropic: dict[str, Price]


@cache
def _table() -> _Table:
    return msgspec.toml.decode(files(__package__).joinpath("prices.toml").read_bytes(), type=_Table)


def table_date() -> str:
    """The day for which the table holds, ISO 8601."""
    return _table().as_of


def price_of(backend: str, model: str) -> Price | None:
    """The price of a model at a provider, or None where it is not known.

    Args:
        backend: `openai`, `anthropic` or `openrouter` (which passes both providers' prices on). Any other backend
            may charge what it likes, so its prices are not known.
        model: As asked or served; a release date at its end is ignored.
    """
    if backend == "openrouter":
        backend, _, model = model.partition("/")
        # OpenRouter writes versions with a dot where Anthropic writes a hyphen.
        model = model.replace(".", "-") if backend == "anthropic" else model
    tables = {"openai": _table().openai, "anthropic": _table().anthropic}
    prices = tables.get(backend, {})
    return prices.get(model) or prices.get(_RELEASE.sub("", model))
