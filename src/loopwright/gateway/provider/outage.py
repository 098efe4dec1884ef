"""What to tell a person when the provider gives no answer."""

from __future__ import annotations

from urllib.parse import urlsplit

from loopwright.gateway.refusals import Refusal, RefusalKind, kind_of
from loopwright.gateway.spec import ModelSpec

__all__ = ["refused", "unreachable"]


def unreachable(spec: ModelSpec, reason: str) -> Refusal:
    """Nothing came back, or only the beginning of an answer."""
    return Refusal("outage", f"{_place(spec)} gave no answer: {reason.rstrip('.')}. Check the address and the network.")


def refused(spec: ModelSpec, status: int, body: bytes, key: str) -> Refusal | None:
    """An answer that says that the provider cannot or will not serve us, as HTTP `status`; None for any other."""
    kind = kind_of(status, body, bool(key))
    if kind is None:
        return None
    return Refusal(kind, f"{_place(spec)} answered HTTP {status}. {_advice(kind, spec)}")


def _advice(kind: RefusalKind, spec: ModelSpec) -> str:
    variable = spec.key_variable
    return {
        "no_key": f"Put a key into {variable}: no key was sent.",
        "wrong_key": f"Check the key in {variable}, and that it may use {spec.name}.",
        "no_credit": f"Check the quota and the credit of the account that the key in {variable} belongs to.",
        "unknown_model": f"Check the address, and whether it serves the model {spec.name}.",
        "rate_limit": "Check the quota and the rate limits of the account, or try again later.",
        "outage": "Try again later.",
    }[kind]


def _place(spec: ModelSpec) -> str:
    parts = urlsplit(spec.base_url)
    # A base from the environment may hold a password.
    return f"The provider at {parts._replace(netloc=parts.netloc.rpartition('@')[2]).geturl()}"
