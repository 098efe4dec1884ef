"""Noticing that an agent goes round in circles, from its newest calls and replies.

The four patterns are those of OpenHands' stuck detector: the same call with the same result, the same error, two calls
in alternation, and talk without any call.
"""

from __future__ import annotations

import hashlib
from collections import deque
from typing import Any, Literal

import msgspec

__all__ = ["Circle", "CircleWatch", "digest", "in_words"]

Circle = Literal["repeated_call", "repeated_error", "alternation", "monologue"]
_SAME = 3
_PAIRS = 3
_TALK = 3


_WORDS: dict[Circle, str] = {
    "repeated_call": f"the same call with the same result, {_SAME} times",
    "repeated_error": f"the same error, {_SAME} times",
    "alternation": f"two calls in turns with the same results, {_PAIRS} times each",
    "monologue": f"{_TALK} replies without a call",
}


def in_words(circle: Circle, *, told: bool) -> str:
    """A circle for people, and whether the model had been `told` of one before."""
    return f"{circle}: {_WORDS[circle]}{', also after it was told' if told else ''}"


class _Done(msgspec.Struct, frozen=True):
    call: str
    result: str
    failed: bool


class CircleWatch:
    """Looks at the newest `window` calls and replies."""

    def __init__(self, window: int) -> None:
        self._done: deque[_Done] = deque(maxlen=window)
        self._silent = 0

    def call(self, tool: str, arguments: Any, result: str, *, failed: bool) -> None:
        """A call and what came of it."""
        self._done.append(_Done(digest([tool, arguments]), digest(result), failed))

    def reply(self, *, calls: int) -> None:
        """A reply of the model, after its calls."""
        self._silent = 0 if calls else self._silent + 1

    def forget(self) -> None:
        """Somebody said something new, so what was before does not count."""
        self._done.clear()
        self._silent = 0

    @property
    def long_ago(self) -> bool:
        """Whether a whole window of calls was made since the beginning, or since `forget`."""
        return len(self._done) == self._done.maxlen

    def circle(self) -> Circle | None:
        """The circle that the newest calls or replies form, or None."""
        if self._silent >= _TALK:
            return "monologue"
        newest = list(self._done)
        last = newest[-_SAME:]
        if len(last) == _SAME and len({(one.call, one.result) for one in last}) == 1:
            return "repeated_error" if last[-1].failed else "repeated_call"
        if len(last) == _SAME and all(one.failed for one in last) and len({one.result for one in last}) == 1:
            return "repeated_error"
        pairs = newest[-2 * _PAIRS :]
        if len(pairs) == 2 * _PAIRS and len(set(pairs[::2])) == len(set(pairs[1::2])) == 1:
            return "alternation"
        return None


def digest(value: Any) -> str:
    """What stands for a JSON value where only equality counts."""
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()
