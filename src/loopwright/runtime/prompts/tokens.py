"""About how many tokens a text is."""

from __future__ import annotations

import re

__all__ = ["estimate_tokens"]

_PIECE = re.compile(
    r"(?P<word>[A-Za-z]+)|(?P<digits>\d{1,3})|(?P<line>\s*\n\s*)|(?P<spaces>\s{2,}|\t)"
    r"|(?P<wide>[^\x00-\x7f]+)|(?P<marks>[^\sA-Za-z\d]+)"
)
_HUMP = re.compile(r"(?<=[a-z])[A-Z]")
# Least squares over 584 files of this project (Python, C, Markdown, YAML, JSON) against o200k_base: nine in ten are
# within 5 %, all within 15 %; against cl100k_base the same. Other vendors' tokenizers differ more.
_COST = {"word": 1.02, "digits": 1.5, "line": 1.45, "spaces": 1.1, "marks": 0.52}
_MORE_MARKS, _WIDE, _CAMEL = 0.155, 0.6, 0.83


def estimate_tokens(text: str) -> int:
    """About how many tokens a text is for a model: an estimate, since vocabularies are not ours to ship.

    Counts words, digits, line breaks, marks and characters beyond ASCII, each with a weight. Calibrated on code and
    Markdown with OpenAI's o200k_base vocabulary: within 5 % for nine texts of ten.
    """
    total = 0.0
    for piece in _PIECE.finditer(text):
        kind, length = str(piece.lastgroup), piece.end() - piece.start()
        if kind == "wide":
            total += _WIDE * length
            continue
        total += _COST[kind]
        if kind == "marks":
            total += _MORE_MARKS * length
        elif kind == "word" and length > 2:
            total += _CAMEL * len(_HUMP.findall(piece[0]))
    return round(total)
