"""Which conversation a request belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from loopwright.gateway.wire.neutral import Ask

__all__ = ["conversation_of", "short_name"]

# The most specific first: a Codex sub-agent has its own thread within the session.
_HEADERS = ("x-loopwright-conversation", "thread-id", "session-id", "x-claude-code-session-id", "x-session-id")


def conversation_of(headers: Mapping[str, str], ask: Ask) -> str:
    """The agent's own name of its conversation, or a digest of how the conversation opens."""
    named = next((headers[name] for name in _HEADERS if headers.get(name)), "")
    if named:
        return named if len(named) <= 100 else hashlib.sha256(named.encode()).hexdigest()
    return "opening-" + hashlib.sha256(ask.opening.encode()).hexdigest()[:24]


def short_name(conversation: str) -> str:
    """Eight hex digits for ids of calls and messages."""
    return hashlib.sha256(conversation.encode()).hexdigest()[:8]
