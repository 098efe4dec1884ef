"""When the agent yields: signs, their confidence, and the decision with its evidence.

Finished is what the agent says; solved is what the tests say.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Literal

from msgspec import Struct

from loopwright.base import clip
from loopwright.runtime.config.schema.loop import Completion

__all__ = ["Decision", "Sign", "decide"]

SignKind = Literal["tool", "sentinel", "natural", "provider"]
_CONFIDENCE: dict[SignKind, float] = {"tool": 1.0, "sentinel": 0.9, "natural": 0.7, "provider": 0.6}
_STOPS = ("stop", "end_turn")
_CUT_OFF = ("length", "max_tokens", "max_output_tokens")


class Sign(Struct, frozen=True):
    """One sign of the end, and what it was seen in."""

    kind: SignKind
    confidence: float
    detail: str


class Decision(Struct, frozen=True):
    """Whether the agent yields, and why."""

    ends: bool
    confidence: float
    signs: tuple[Sign, ...]
    detail: str


def decide(
    completion: Completion,
    *,
    finished_with: str | None,
    prose: str,
    calls: int,
    finish_reason: str,
    replies_without_call: int,
) -> Decision:
    """Judge one reply whose calls have all run.

    Args:
        completion: The profile's section.
        finished_with: The summary of a completed call of the finishing tool, or None.
        prose: The reply's text without calls.
        calls: How many calls the reply made, broken ones included.
        finish_reason: The provider's.
        replies_without_call: How many replies in a row, this one included, made no call.
    """
    signs = tuple(
        sign
        for sign in (
            _tool(finished_with),
            _sentinel(completion, prose),
            _natural(completion, replies_without_call, finish_reason),
            _provider(completion, finish_reason, calls),
        )
        if sign is not None
    )
    confidence = _confidence(completion, signs)
    idle = completion.natural_finish.idle_turn_limit
    if idle is not None and replies_without_call >= idle:
        return Decision(True, confidence, signs, f"{replies_without_call} replies without a call (idle_turn_limit)")
    ends = bool(signs) and confidence >= completion.confidence_threshold
    evidence = "; ".join(f"{sign.kind} {sign.confidence:.1f}: {sign.detail}" for sign in signs) or "no sign of an end"
    comparison = ">=" if ends else "<"
    return Decision(
        ends, confidence, signs, f"{confidence:.2f} {comparison} {completion.confidence_threshold}: {evidence}"
    )


def _tool(finished_with: str | None) -> Sign | None:
    return None if finished_with is None else Sign("tool", _CONFIDENCE["tool"], clip(finished_with, 120))


def _sentinel(completion: Completion, prose: str) -> Sign | None:
    fenced = False
    for line in prose.splitlines():
        fenced ^= line.lstrip().startswith("```")
        if not fenced and line.strip() in completion.text_sentinels:
            return Sign("sentinel", _CONFIDENCE["sentinel"], f"the line {line.strip()!r}")
    return None


def _natural(completion: Completion, replies_without_call: int, finish_reason: str) -> Sign | None:
    # A model whose reply was cut off had more to say.
    if replies_without_call < completion.natural_finish.no_tool_turns_threshold or finish_reason in _CUT_OFF:
        return None
    return Sign("natural", _CONFIDENCE["natural"], f"{replies_without_call} replies without a call")


def _provider(completion: Completion, finish_reason: str, calls: int) -> Sign | None:
    if not completion.provider_signals or calls or finish_reason not in _STOPS:
        return None
    return Sign("provider", _CONFIDENCE["provider"], f"the provider's stop reason {finish_reason!r}")


def _confidence(completion: Completion, signs: Sequence[Sign]) -> float:
    if not signs:
        return 0.0
    if completion.primary == "hybrid":
        # Independent signs support each other: the chance that all of them are wrong is the product of theirs.
        return 1.0 - prod(1.0 - sign.confidence for sign in signs)
    return max(1.0 if sign.kind == completion.primary else sign.confidence for sign in signs)
