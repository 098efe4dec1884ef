"""The last word to an agent that would go on asking, when the gateway has asked often enough.

Codex, Claude Code and OpenCode ask again on their own, each in its way: Codex what is refused for good, OpenCode for
minutes and later and later. On top of our retries that keeps a person waiting for an answer that is known. What they
take for final is a status of each API (`Wire.final_status`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loopwright.gateway._call import Answer, Call
from loopwright.gateway.provider.retry import too_long

__all__ = ["asks_again", "give_up"]

# How these agents name their conversations. Our own agent decides by the provider's status, and of others nothing is
# known: they get the answer as it came.
_NAMES = ("thread-id", "session-id", "x-claude-code-session-id", "x-session-id")

# OpenCode reads a number such as 429 in a sentence as a reason to go on, and Claude Code compacts for some words.
_LAST_WORDS = "The model gives no answer, and asking again does not help now."


def asks_again(call: Call) -> bool:
    """Whether an agent asks that repeats its requests on its own."""
    return any(name in call.headers for name in _NAMES) and "x-loopwright-conversation" not in call.headers


def give_up(call: Call, status: int, headers: Mapping[str, str], value: Any) -> Answer | None:
    """What such an agent is told instead of a refusal; None where the provider's own answer is to be passed on.

    That is also so where the provider asks for a longer wait than is ours: the agent may keep to it. The record has the
    provider's status and body under `provider` in the response.

    Args:
        call: The call, with its `refused` and `error` filled in.
        status: What the provider answered.
        headers: Of its answer.
        value: Its body, without the key.
    """
    if call.refused is None or not asks_again(call) or too_long(headers):
        return None
    said, told = call.error, call.wire.final_status
    answer = call.refusal(told, _LAST_WORDS, "provider_refused")
    call.error = f"HTTP {status}, told to the agent as {told}: {said}"
    call.response = {**call.response, "provider": {"status": status, "body": value}}
    return answer
