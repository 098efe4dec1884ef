"""Making any value that a program handed us storable as JSON in UTF-8, and readable again."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["MAX_DEPTH", "encode_value"]

MAX_DEPTH = 100
"""Levels of nesting that are kept as structure; what is deeper is kept as its JSON text."""

_encoder = msgspec.json.Encoder()


def encode_value(value: Any) -> tuple[Any, bytes]:
    """The value as it is stored, and its JSON.

    Lone surrogates (from undecodable bytes) become U+FFFD. Structure deeper than `MAX_DEPTH` becomes a string, since
    readers decode recursively and hostile depth must not make a journal unreadable.

    Raises:
        TypeError: The value is not JSON (for the programmer: payloads are JSON values).
    """
    try:
        encoded = _encoder.encode(value)
        # Fewer brackets than levels allowed: cannot be too deep, no need to look.
        if encoded.count(b"[") + encoded.count(b"{") <= MAX_DEPTH:
            return value, encoded
    except (UnicodeEncodeError, RecursionError):
        pass
    cleaned = clean(value)
    return cleaned, _encoder.encode(cleaned)


def clean(value: Any, depth: int = 0) -> Any:
    """Replace lone surrogates and flatten what is too deep."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8") if not value.isascii() else value
    if isinstance(value, dict | list | tuple) and depth >= MAX_DEPTH:
        return _as_text(value)
    if isinstance(value, dict):
        return {clean(key, depth + 1): clean(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item, depth + 1) for item in value]
    return value


def _as_text(value: Any) -> str:
    try:
        return clean(_encoder.encode(value).decode())  # type: ignore[no-any-return]
    except (UnicodeEncodeError, RecursionError):
        return "(nested too deeply to be recorded)"
