"""What a provider says of its refusal, in its own words: found in whichever body it sends, and fit to be shown."""

from __future__ import annotations

import re
from typing import Any

from loopwright.base import one_line

__all__ = ["fit_to_show", "own_words"]

_MOST = 500
_MOST_READ = 8000
_MARKUP = re.compile(r"(?is)<(script|style|title)\b.*?</\1\s*>|<[^<>]*>")
_DEEPEST = 3


def fit_to_show(text: str) -> str:
    """One line of at most 500 characters, without what a terminal would act on and without secrets.

    It goes into the record and before people; providers repeat what was sent to them, keys among it.
    """
    from loopwright.runtime.logs.redaction import Redactor

    hide = Redactor()
    return hide.cut(one_line(hide(text), _MOST))


def own_words(error: Any) -> str:
    """The sentence in the body of an SDK's error, as OpenAI, Anthropic, FastAPI, Ollama or a proxy sends it.

    The SDKs print the whole body instead; where there is no sentence, what they print has to do.
    """
    body = getattr(error, "body", None)
    if isinstance(body, str):
        words = " ".join(_MARKUP.sub(" ", body[:_MOST_READ]).split())
        return f"{_status(error)}: {words}" if words else _status(error)
    return _sentence(body, _DEEPEST) or str(error)


def _status(error: Any) -> str:
    status = getattr(error, "status_code", None)
    return str(error) if status is None else f"HTTP {status}"


def _sentence(body: Any, depth: int) -> str:
    """The first text where such bodies have one."""
    if isinstance(body, str):
        return body
    if isinstance(body, list):
        return "; ".join(filter(None, (_sentence(each, depth - 1) for each in body[:3]))) if depth else ""
    if not isinstance(body, dict) or not depth:
        return ""
    found = next(filter(None, (_sentence(body.get(key), depth - 1) for key in _PLACES)), "")
    where = body.get("loc")
    return f"{'.'.join(map(str, where))}: {found}" if found and isinstance(where, list) else found


_PLACES = ("message", "error", "detail", "msg", "reason")
