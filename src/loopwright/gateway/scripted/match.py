"""Whether the newest input is what a script waits for."""

from __future__ import annotations

import re

from loopwright.gateway.scripted.schema import MatchSpec

__all__ = ["holds"]


def holds(match: MatchSpec, text: str) -> bool:
    """Whether every condition that is given holds; `matches` searches anywhere, and `^` and `$` match at lines."""
    return (
        (match.contains is None or match.contains in text)
        and (match.lacks is None or match.lacks not in text)
        and (match.matches is None or re.search(match.matches, text, re.MULTILINE) is not None)
    )
