"""Where two requests first differ, for a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from loopwright.base import one_line
from loopwright.gateway.recorded.normal import normal_request

__all__ = ["Difference", "first_difference"]

_AROUND, _SHOWN = 20, 90
# What a person would call the request, before what the agent says with every request.
_FIRST = ("messages", "input", "system", "instructions", "model", "tools")


class Difference(NamedTuple):
    """A place, as in `messages[12].content`, and what stands there now and stood there before."""

    path: str
    now: str
    before: str

    def __str__(self) -> str:
        return f"at {self.path}: {self.now} instead of {self.before}"


class _Missing:
    pass


_MISSING = _Missing()


def first_difference(now: Any, before: Any, workspaces: tuple[str, str]) -> Difference | None:
    """The first place where the normal forms of two requests differ; None where they are equal.

    The conversation is compared before the rest, item by item, so that a changed tool result is named by its place.
    """
    found = next(_differences("", *(map(normal_request, (now, before), workspaces))), None)
    if found is None:
        return None
    path, left, right = found
    return Difference(path.removeprefix(".") or "the request", *_excerpts(left, right))


def _differences(path: str, now: Any, before: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(now, dict) and isinstance(before, dict):
        for key in _in_order(now, before):
            yield from _differences(f"{path}.{key}", now.get(key, _MISSING), before.get(key, _MISSING))
    elif isinstance(now, list) and isinstance(before, list):
        for at in range(max(len(now), len(before))):
            left, right = (items[at] if at < len(items) else _MISSING for items in (now, before))
            yield from _differences(f"{path}[{at}]", left, right)
    elif type(now) is not type(before) or now != before:
        yield path, now, before


def _in_order(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    keys = [*before, *(key for key in now if key not in before)]
    return sorted(keys, key=lambda key: _FIRST.index(key) if key in _FIRST else len(_FIRST))


def _excerpts(now: Any, before: Any) -> tuple[str, str]:
    left, right = _shown(now), _shown(before)
    at = next((at for at, (one, other) in enumerate(zip(left, right, strict=False)) if one != other), None)
    start = max((min(len(left), len(right)) if at is None else at) - _AROUND, 0)
    return _cut(left, start, now), _cut(right, start, before)


def _shown(value: Any) -> str:
    if isinstance(value, _Missing):
        return "nothing"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode("utf-8", "replace")


def _cut(text: str, start: int, value: Any) -> str:
    if isinstance(value, _Missing):
        return text
    piece = text[start : start + _SHOWN]
    before, after = "…" if start else "", "…" if start + _SHOWN < len(text) else ""
    return f'"{before}{one_line(piece, 200)}{after}"'
