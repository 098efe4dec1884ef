"""When the agent yields: signs, their confidence, and the decision with its evidence.

Finished is what the agent says; solved is what the tests say.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Literal

from msgspec import Struct

from loopwright.base import one_line
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
    found = (
        _tool(finished_with),
        _sentinel(completion, prose),
        _natural(completion, replies_without_call, finish_reason),
        _provider(completion, finish_reason, calls),
    )
    signs = tuple([sign for sign in found if sign is not None])
    confidence = _confidence(completion, signs)
    idle = completion.natural_finish.idle_turn_limit
    if idle is not None and replies_without_call >= idle:
        return Decision(True, confidence, signs, f"{_silent(replies_without_call)}, which is idle_turn_limit")
    ends = bool(signs) and confidence >= completion.confidence_threshold
    return Decision(ends, confidence, signs, _words(signs, confidence, completion.confidence_threshold, ends=ends))


def _words(signs: Sequence[Sign], confidence: float, threshold: float, *, ends: bool) -> str:
    """The decision and its evidence, for people."""
    if not signs:
        return "there is no sign that it is done"
    seen = ", and ".join(sign.detail for sign in signs)
    return f"{seen}: confidence {confidence:.2f}, {'enough' if ends else 'too little'} for {threshold:g}"


def _tool(finished_with: str | None) -> Sign | None:
    return None if finished_with is None else Sign("tool", _CONFIDENCE["tool"], _finished(finished_with))


def _finished(summary: str) -> str:
    said = one_line(summary, 120)
    return f"it said that it is done: {said!r}" if said else "it said that it is done"


def _sentinel(completion: Completion, prose: str) -> Sign | None:
    if not any([sentinel in prose for sentinel in completion.text_sentinels]):
        return None  # as of nearly every reply, and found out without looking at its lines
    fenced = False
    for line in prose.splitlines():
        fenced ^= line.lstrip().startswith("```")
        if not fenced and line.strip() in completion.text_sentinels:
            return Sign("sentinel", _CONFIDENCE["sentinel"], f"it wrote {line.strip()!r}")
    return None


def _natural(completion: Completion, replies_without_call: int, finish_reason: str) -> Sign | None:
    # A model whose reply was cut off had more to say.
    if replies_without_call < completion.natural_finish.no_tool_turns_threshold or finish_reason in _CUT_OFF:
        return None
    return Sign("natural", _CONFIDENCE["natural"], _silent(replies_without_call))


def _silent(replies: int) -> str:
    return "its last reply called no tool" if replies == 1 else f"its last {replies} replies called no tool"


def _provider(completion: Completion, finish_reason: str, calls: int) -> Sign | None:
    if not completion.provider_signals or calls or finish_reason not in _STOPS:
        return None
    return Sign("provider", _CONFIDENCE["provider"], f"the model stopped with {finish_reason!r}")


def _confidence(completion: Completion, signs: Sequence[Sign]) -> float:
    if not signs:
        return 0.0
    if completion.primary == "hybrid":
        # Independent signs support each other: the chance that all of them are wrong is the product of theirs.
        return 1.0 - prod(1.0 - sign.confidence for sign in signs)
    return max(1.0 if sign.kind == completion.primary else sign.confidence for sign in signs)
