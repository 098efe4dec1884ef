"""Showing what would be sent, and about how many tokens it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from loopwright.runtime.prompts.compiled import Chunk, CompiledPrompts

__all__ = ["estimate_tokens", "preview_text"]

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


def preview_text(compiled: CompiledPrompts, request_body: bytes) -> str:
    """What `config preview` prints: a line for each piece of the prompts, then the first request, byte for byte.

    Args:
        compiled: The prompts.
        request_body: The body of the first request as it would be sent (JSON, UTF-8).
    """
    body = request_body.decode("utf-8", "replace")
    lines = ["system prompt", *_listed(compiled.system), "with each prompt", *_listed(compiled.per_turn)]
    lines += [f"  {name}: no such template; nothing is said" for name in compiled.missing]
    tokens = estimate_tokens(" ".join(_strings(body)))
    lines += [f"first request: {len(request_body)} bytes, about {tokens} tokens (estimate)", "", body]
    return "\n".join(lines)


def _listed(chunks: Sequence[Chunk]) -> list[str]:
    if not chunks:
        return ["  (nothing)"]
    return [_line(chunk) for chunk in chunks]


def _line(chunk: Chunk) -> str:
    tokens = f"about {estimate_tokens(chunk.text)} tokens (estimate)"
    details = [chunk.template_id or chunk.source, tokens, *(["cached up to here"] if chunk.cache else [])]
    return f"  {chunk.item}: {', '.join(details)}"


def _strings(body: str) -> Iterator[str]:
    """The words of a JSON body, without its quotes and escapes; the body itself where it is no JSON."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        yield body
        return
    yield from _leaves(value)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    else:
        yield value if isinstance(value, str) else json.dumps(value)
