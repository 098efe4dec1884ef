"""Capping what a model reads: the head and the tail say the most, and the gap says its size."""

from __future__ import annotations

__all__ = ["cap"]


def cap(text: str, limit: int) -> str:
    """`text` in at most about `limit` bytes of UTF-8, the middle replaced by a line that counts what is missing."""
    data = text.encode("utf-8", "replace")
    if len(data) <= limit:
        return text
    half = limit // 2
    head, tail = data[:half].decode("utf-8", "ignore"), data[-half:].decode("utf-8", "ignore")
    return f"{head}\n[... {len(data) - 2 * half} bytes left out ...]\n{tail}"
