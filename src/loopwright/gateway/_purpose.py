"""What an agent wants a call for, as far as its request shows that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.gateway.wire._fields import text_of

__all__ = ["purpose_of"]

_TINY = 32
"""Fewer output tokens than any reply of an agent needs: a probe of the connection."""

# How the agents open a request for a summary of their own conversation, where no header says so.
_COMPACTION = ("CONTEXT CHECKPOINT", "Your task is to create a detailed summary of the conversation")
_OURS = "x-loopwright-conversation"
_SUBAGENT_HEADERS = ("x-openai-subagent", "x-codex-parent-thread-id", "x-claude-code-agent-id", "x-parent-session-id")


def purpose_of(headers: Mapping[str, str], value: dict[str, Any]) -> str:
    """One of `turn`, `title`, `compaction`, `subagent` and `side`.

    Codex says it in `x-codex-turn-metadata`, and its sub-agents in headers of their own, as those of Claude Code and
    OpenCode do. A request without tools, or for at most 32 tokens, is beside the conversation; but our own agent asks
    for nothing else than its turns, and may write its calls as text.
    """
    if headers.get(_OURS):
        return "turn"
    kind = _codex_kind(headers)
    if kind == "compaction" or any(mark in _last_user_text(value) for mark in _COMPACTION):
        return "compaction"
    if kind != "turn" and _is_aside(value):
        return _aside(_system_text(value)[:200].lower())
    return "subagent" if any(headers.get(name) for name in _SUBAGENT_HEADERS) else "turn"


def _aside(system: str) -> str:
    """What a request beside the conversation is for, by how its system text begins."""
    if "context summarization" in system:
        return "compaction"
    return "title" if "title" in system else "side"


def _codex_kind(headers: Mapping[str, str]) -> str:
    try:
        metadata = msgspec.json.decode(headers.get("x-codex-turn-metadata", "{}"))
    except (msgspec.DecodeError, ValueError):
        return ""
    return str(metadata.get("request_kind", "")) if isinstance(metadata, dict) else ""


def _is_aside(value: dict[str, Any]) -> bool:
    limits = (value.get(key) for key in ("max_output_tokens", "max_completion_tokens", "max_tokens"))
    most = next((limit for limit in limits if isinstance(limit, int)), None)
    return not value.get("tools") or (most is not None and most <= _TINY)


def _items(value: dict[str, Any]) -> list[dict[str, Any]]:
    items = value.get("input") or value.get("messages")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _last_user_text(value: dict[str, Any]) -> str:
    items = _items(value)
    return text_of(items[-1].get("content")) if items and items[-1].get("role") == "user" else ""


def _system_text(value: dict[str, Any]) -> str:
    stated = text_of(value.get("system")) or text_of(value.get("instructions"))
    first = next((item for item in _items(value) if item.get("role") in ("system", "developer")), {})
    return stated or text_of(first.get("content"))
