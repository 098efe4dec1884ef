"""One table for each agent that a script can drive; a new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Collection

from loopwright.gateway.scripted.dialects.claude import CLAUDE
from loopwright.gateway.scripted.dialects.codex import CODEX
from loopwright.gateway.scripted.dialects.native import NATIVE
from loopwright.gateway.scripted.dialects.opencode import OPENCODE
from loopwright.gateway.scripted.dialects.table import Dialect, Shape

__all__ = ["DIALECTS", "Dialect", "Shape", "recognise"]

DIALECTS = (NATIVE, CODEX, CLAUDE, OPENCODE)


def recognise(tools: Collection[str]) -> Dialect:
    """The dialect whose signs are among `tools`; the native one where none is (its tools are then looked for)."""
    return next((dialect for dialect in DIALECTS if all(sign in tools for sign in dialect.signs)), NATIVE)
