"""Paths as text: git and Linux have bytes, records and people have Unicode."""

from __future__ import annotations

__all__ = ["shown"]


def shown(path: bytes) -> str:
    """A path as text that any encoder takes: bytes that are not UTF-8 become backslash escapes."""
    return path.decode("utf-8", "backslashreplace")
