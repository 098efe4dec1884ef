"""What a rule says of a call."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["ALLOWED", "Verdict", "deny"]


class Verdict(Struct, frozen=True):
    """`rule` is the configuration key that decided; `text` tells the model what it did and what to do instead."""

    decision: Literal["allow", "warn", "deny"]
    rule: str = ""
    text: str = ""


ALLOWED = Verdict("allow")


def deny(rule: str, text: str) -> Verdict:
    """A refusal."""
    return Verdict("deny", rule, text)
