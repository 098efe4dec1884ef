"""What the watchers of the three APIs share."""

from __future__ import annotations

from typing import Any

from loopwright.record import Usage

__all__ = ["count", "error_text", "merge", "openai_usage"]


def count(value: Any, key: str) -> int:
    """The whole number at `key`, or 0 where there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def error_text(value: dict[str, Any]) -> str:
    """The message of an error object, in any of the shapes in use."""
    error = value.get("error")
    if isinstance(error, dict):
        return str(error.get("message") or error.get("code") or "error")
    return error if isinstance(error, str) else ""


def merge(kept: dict[str, Any], delta: dict[str, Any]) -> None:
    """Add a delta: strings grow, lists of indexed objects merge by index, everything else is replaced."""
    for key, value in delta.items():
        old = kept.get(key)
        if isinstance(old, str) and isinstance(value, str) and key not in ("role", "id", "type", "name"):
            kept[key] = old + value
        elif isinstance(old, dict) and isinstance(value, dict):
            merge(old, value)
        elif isinstance(value, list) and all(map(_is_indexed, value)):
            kept[key] = _merge_list(old if isinstance(old, list) else [], value)
        elif value is not None or key not in kept:
            kept[key] = value


def _is_indexed(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("index"), int)


def _merge_list(kept: list[Any], delta: list[Any]) -> list[Any]:
    by_index = {item["index"]: item for item in kept if _is_indexed(item)}
    for item in delta:
        if item["index"] in by_index:
            merge(by_index[item["index"]], item)
        else:
            fresh: dict[str, Any] = {}
            merge(fresh, item)
            by_index[item["index"]] = fresh
            kept.append(fresh)
    return kept


def openai_usage(usage: dict[str, Any], into: str, out: str) -> Usage:
    """Tokens by kind from OpenAI's counts, whose input includes what came from the cache.

    Args:
        usage: The `usage` object.
        into: `prompt` (chat) or `input` (responses).
        out: `completion` or `output`.
    """
    details = usage.get(f"{into}_tokens_details")
    cached = count(details, "cached_tokens")
    written = count(details, "cache_write_tokens")
    return Usage(
        input_tokens=max(count(usage, f"{into}_tokens") - cached - written, 0),
        output_tokens=count(usage, f"{out}_tokens"),
        cache_read_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=count(usage.get(f"{out}_tokens_details"), "reasoning_tokens"),
    )
