"""Requests beside the conversation: titles, probes, compaction. They get an answer and move nothing."""

from __future__ import annotations

__all__ = ["side_answer"]


def side_answer(purpose: str, script_name: str) -> str | None:
    """The text to answer a request of that purpose with, or None where it is part of the conversation."""
    if purpose == "compaction":
        return f"Summary by {script_name} (scripted): the work goes on as the script says."
    return f"Scripted run of {script_name}" if purpose in ("title", "side") else None
