"""Requests beside the conversation: titles, probes, compaction. They get an answer and move nothing."""

from __future__ import annotations

from collections.abc import Mapping

from loopwright.gateway.wire.neutral import Ask

__all__ = ["side_answer", "summary_answer"]

_TINY = 32
"""Fewer output tokens than any reply of an agent needs: a probe of the connection."""

# How the agents open a request for a summary of their own conversation, where no header says so.
_COMPACTION = ("CONTEXT CHECKPOINT", "Your task is to create a detailed summary of the conversation")


def side_answer(ask: Ask, script_name: str) -> str | None:
    """The text to answer a title request or a probe with, or None where the request is neither."""
    if not ask.tools or (ask.max_output is not None and ask.max_output <= _TINY):
        return f"Scripted run of {script_name}"
    return None


def summary_answer(ask: Ask, headers: Mapping[str, str], script_name: str) -> str | None:
    """The text to answer a compaction with, or None where the request is none."""
    if _is_compaction(ask, headers):
        return f"Summary by {script_name} (scripted): the work goes on as the script says."
    return None


def _is_compaction(ask: Ask, headers: Mapping[str, str]) -> bool:
    import msgspec

    try:
        metadata = msgspec.json.decode(headers.get("x-codex-turn-metadata", "{}"))
    except (msgspec.DecodeError, ValueError):
        metadata = {}
    if isinstance(metadata, dict) and metadata.get("request_kind") == "compaction":
        return True
    return any(mark in ask.newest_user for mark in _COMPACTION)
