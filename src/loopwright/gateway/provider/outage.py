"""What to tell a person when the provider gives no answer."""

from __future__ import annotations

from urllib.parse import urlsplit

from loopwright.gateway.spec import ModelSpec

__all__ = ["refused", "unreachable"]


def unreachable(spec: ModelSpec, reason: str) -> str:
    """Nothing came back, or only the beginning of an answer."""
    return f"{_place(spec)} gave no answer: {reason.rstrip('.')}. Check the address and the network."


def refused(spec: ModelSpec, status: int, key: str) -> str | None:
    """An answer that says that the provider cannot or will not serve us, as HTTP `status`; None for any other."""
    advice = _advice(spec, status, key)
    return None if advice is None else f"{_place(spec)} answered HTTP {status}. {advice}"


def _advice(spec: ModelSpec, status: int, key: str) -> str | None:
    if status in {401, 403}:
        variable = spec.key_variable
        return f"Check the key in {variable}." if key else f"Put a key into {variable}: no key was sent."
    if status in {402, 429}:
        return "Check the quota and the rate limits of the account."
    if status == 404:
        return f"Check the address, and whether it serves the model {spec.name}."
    return "Try again later." if status >= 500 or status == 408 else None


def _place(spec: ModelSpec) -> str:
    parts = urlsplit(spec.base_url)
    # A base from the environment may hold a password.
    return f"The provider at {parts._replace(netloc=parts.netloc.rpartition('@')[2]).geturl()}"
