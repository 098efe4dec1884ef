"""What to tell a person when the provider gives no answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec

from loopwright.base import one_line
from loopwright.gateway.refusals import Refusal, RefusalKind, kind_of
from loopwright.gateway.spec import ModelSpec

__all__ = ["own_words", "refused", "unreachable"]

_MOST_WORDS = 300


def unreachable(spec: ModelSpec, reason: str) -> Refusal:
    """Nothing came back, or only the beginning of an answer."""
    what = f"{_place(spec)} gave no answer: {one_line(reason, _MOST_WORDS).rstrip('.')}."
    return Refusal("outage", f"{what} Check the address and the network.", what)


def refused(spec: ModelSpec, status: int, body: bytes, key: str) -> Refusal | None:
    """An answer that says that the provider cannot or will not serve us, as HTTP `status`; None for any other.

    The provider's own words are in it, where there are any. `body` must be free of the key.
    """
    kind = kind_of(status, body, bool(key))
    if kind is None:
        return None
    words = own_words(body).rstrip(".")
    what = f"{_place(spec)} answered HTTP {status}" + (f': "{words}".' if words else ".")
    return Refusal(kind, f"{what} {_advice(kind, spec)}", what)


def own_words(body: bytes) -> str:
    """What a provider says in the body of an error, as one printable line of at most 300 characters; "" for nothing.

    The shapes are `{"error": {"message": TEXT}}`, `{"error": TEXT}`, `{"message": TEXT}` and `{"detail": TEXT}`, also
    in a list, and plain text; a page in HTML says nothing.
    """
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        text = body[: 10 * _MOST_WORDS].decode("utf-8", "replace")
        return "" if text.lstrip().startswith(("<", "{", "[")) else one_line(text, _MOST_WORDS)
    return one_line(_message_in(value), _MOST_WORDS)


def _message_in(value: Any) -> str:
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return ""
    inner = value.get("error")
    places = [inner.get("message") if isinstance(inner, dict) else inner, value.get("message"), value.get("detail")]
    return next((place for place in places if isinstance(place, str)), "")


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
