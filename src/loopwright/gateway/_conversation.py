"""Which conversation a request belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from loopwright.gateway.wire.neutral import Ask

__all__ = ["conversation_of", "named_conversation", "short_name"]

# The most specific first: a sub-agent of Codex has its own thread within the session, one of Claude Code its own id.
_HEADERS = (
    *("x-loopwright-conversation", "thread-id", "session-id"),
    *("x-claude-code-agent-id", "x-claude-code-session-id", "x-session-id"),
)


def named_conversation(headers: Mapping[str, str]) -> str:
    """The agent's own name of its conversation, or an empty string."""
    named = next((headers[name] for name in _HEADERS if headers.get(name)), "")
    return named if len(named) <= 100 else hashlib.sha256(named.encode()).hexdigest()


def conversation_of(headers: Mapping[str, str], ask: Ask) -> str:
    """The agent's own name of its conversation, or a digest of how the conversation opens."""
    named = named_conversation(headers)
    if named:
        return named
    return "opening-" + hashlib.sha256(ask.opening.encode()).hexdigest()[:24]


def short_name(conversation: str) -> str:
    """Eight hex digits for ids of calls and messages."""
    return hashlib.sha256(conversation.encode()).hexdigest()[:8]
