"""Making untrusted text safe to show: agents and programs can print anything."""

from __future__ import annotations

import re

__all__ = ["clip", "nearest", "one_line", "printable", "valid"]

# C0 controls except tab and newline, DEL, and C1 controls: what terminals act on.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Bidirectional overrides and isolates can reorder what a person reads.
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Replace every character that a terminal would act on by a visible one.

    Carriage returns before a newline are dropped; other controls become their Unicode pictures
    (ESC is shown as `␛`), so that no escape sequence survives.
    """
    text = text.replace("\r\n", "\n")
    text = _CONTROLS.sub(_picture, text)
    return _BIDI.sub("\N{REPLACEMENT CHARACTER}", text)


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else "\N{REPLACEMENT CHARACTER}"


def valid(text: str) -> str:
    """The text with lone surrogates, which no encoding can hold, replaced by `?`."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def one_line(text: str, width: int = 240) -> str:
    """The text as one printable line of at most `width` characters."""
    return clip(" ".join(printable(text).split()), width)


def clip(text: str, width: int) -> str:
    """Cut `text` to `width` characters, ending in an ellipsis where it was cut."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def nearest(word: str, words: list[str]) -> str | None:
    """The entry of `words` that `word` was probably meant to be, or None."""
    from difflib import get_close_matches

    found = get_close_matches(word, words, n=1, cutoff=0.6)
    return found[0] if found else None
