"""Keeping requests without keeping the conversation again and again.

Each request of an agent repeats the whole conversation so far. The first one is recorded whole; a later one of the
same conversation as what differs from the one before, so that a run of N calls takes space in proportion to N.

The short form of a request has a key `same_as`: `{"call": number of the earlier call, "items": how many items at the
beginning of its conversation are the same, "fields": names of other fields that are the same}`. The conversation's
own field (`messages`, or `input` in the responses API) then holds only the new items.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from loopwright.record import ModelCalled, Payload

__all__ = ["RequestKeeper", "apply_difference", "items_of", "whole_request"]

_ITEMS = {"chat": "messages", "messages": "messages", "responses": "input"}
_MOST_CONVERSATIONS = 64


class RequestKeeper:
    """Shortens requests against the last one of their conversation. Holds one request for each of the newest ones."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}

    def shorten(self, api: str, number: int, request: Any) -> Any:
        """The request as it is to be recorded for call `number`; what is no conversation stays as it is."""
        key = _ITEMS[api]
        items = request.get(key) if isinstance(request, dict) else None
        if not isinstance(items, list) or not items:
            return request
        identity = (api, repr(items[:2]))
        earlier = self._last.pop(identity, None)
        self._last[identity] = (number, request)
        while len(self._last) > _MOST_CONVERSATIONS:
            del self._last[next(iter(self._last))]
        return request if earlier is None else _difference(key, *earlier, request)


def _difference(key: str, call: int, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    same = _common(old[key], new[key])
    fields = [name for name in new if name != key and name in old and old[name] == new[name]]
    changed = {name: value for name, value in new.items() if name != key and name not in fields}
    return {"same_as": {"call": call, "items": same, "fields": fields}, **changed, key: new[key][same:]}


def _common(old: list[Any], new: list[Any]) -> int:
    count = 0
    for left, right in zip(old, new, strict=False):
        if left != right:
            break
        count += 1
    return count


def items_of(api: str, request: Any) -> list[Any]:
    """The items of the conversation in a request; none where it holds no list of them."""
    items = request.get(_ITEMS[api]) if isinstance(request, dict) else None
    return items if isinstance(items, list) else []


def whole_request(calls: Iterable[ModelCalled], number: int, value: Callable[[Payload], Any]) -> Any:
    """The request of call `number` as the agent sent it.

    Args:
        calls: The model calls of the run.
        number: Which one.
        value: Resolves a payload, e.g. `BlobStore.value`.

    Raises:
        KeyError: There is no such call, or its request was not recorded.
    """
    by_number = {call.call: call for call in calls}
    chain: list[dict[str, Any]] = []
    api = by_number[number].api
    while True:
        payload = by_number[number].request
        if payload is None:
            raise KeyError(number)
        kept = value(payload)
        if not isinstance(kept, dict) or "same_as" not in kept:
            break
        chain.append(kept)
        number = kept["same_as"]["call"]
    for short in reversed(chain):
        kept = apply_difference(api, kept, short)
    return kept


def apply_difference(api: str, old: dict[str, Any], short: dict[str, Any]) -> dict[str, Any]:
    """The whole request from its short form and the whole one that this names.

    Raises:
        KeyError, TypeError: They do not belong together.
    """
    key, same = _ITEMS[api], short["same_as"]
    rest = {name: item for name, item in short.items() if name not in ("same_as", key)}
    return {**{name: old[name] for name in same["fields"]}, **rest, key: old[key][: same["items"]] + short[key]}
