"""Why a model gives no answer, told apart so that a run can say what to do."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["Refusal", "RefusalKind", "kind_of"]

RefusalKind = Literal["no_key", "wrong_key", "no_credit", "unknown_model", "rate_limit", "outage", "ended"]

# OpenAI's codes, and Anthropic's and OpenRouter's words.
_NO_CREDIT = (
    *(b"insufficient_quota", b"billing_hard_limit", b"billing_error", b"credit balance is too low"),
    *(b"Insufficient credits", b"insufficient_balance"),
)
_NO_MODEL = (b"model_not_found", b"is not a valid model", b'"not_found_error"')


class Refusal(Struct, frozen=True):
    """One refusal.

    Attributes:
        kind: `no_key` (none was sent), `wrong_key` (or one that may not do this), `no_credit`, `unknown_model` (or a
            wrong address), `rate_limit`, `outage` (nobody there, a broken answer, or a fault of the provider), `ended`
            (a script, or a recorded run, that has nothing more to say).
        message: One sentence of what happened, and one of what to do.
        what: The first of these sentences alone.
    """

    kind: RefusalKind
    message: str
    what: str = ""


def kind_of(status: int, body: bytes, has_key: bool) -> RefusalKind | None:
    """What an answer of HTTP `status` means; None where the request itself was wrong, or nothing was."""
    if status < 400:
        return None
    if status == 402 or any(word in body for word in _NO_CREDIT):
        return "no_credit"
    if status in {401, 403}:
        return "wrong_key" if has_key else "no_key"
    if status == 404 or any(word in body for word in _NO_MODEL):
        return "unknown_model"
    if status == 429:
        return "rate_limit"
    return "outage" if status >= 500 or status in {408, 409, 425} else None
