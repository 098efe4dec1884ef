"""Strict JSON: no repeated keys, no NaN, no endless nesting."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

__all__ = ["BadJson", "elements", "read_json"]

_SPACE = re.compile(r"[ \t\n\r]*")


class BadJson(ValueError):
    """A text is not JSON; `at` is where, in characters."""

    def __init__(self, what: str, at: int = 0) -> None:
        super().__init__(what)
        self.at = at


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise BadJson("a key is there twice")
    return made


def _constant(word: str) -> NoReturn:
    raise BadJson(f"{word} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_constant)


def _decode(text: str, at: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise BadJson(error.msg, error.pos) from error
    except RecursionError as error:
        raise BadJson("it is nested too deeply", at) from error
    except BadJson:
        raise
    except ValueError as error:  # an integer of more digits than Python reads
        raise BadJson("a number is too long", at) from error


def read_json(text: str) -> Any:
    """The value of a text that is JSON and nothing else.

    Raises:
        BadJson: It is not.
    """
    value, end = _decode(text, _skip(text, 0))
    if _skip(text, end) != len(text):
        raise BadJson("something follows the value", end)
    return value


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def elements(text: str, at: int) -> Iterator[tuple[Any, int, int]]:
    """The elements of the array that starts at `at`, and where each stands. The text must be known to be JSON."""
    at = _skip(text, at + 1)
    while text[at] != "]":
        value, end = _decode(text, at)
        yield value, at, end
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at
