"""The syntaxes in which a model calls tools, and the grammar of one turn that is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.base import lazy_names

if TYPE_CHECKING:
    from loopwright.runtime.dialects.choosing import choose_grammar
    from loopwright.runtime.dialects.dialect import Dialect, ParseOptions, explain
    from loopwright.runtime.dialects.grammar import Grammar
    from loopwright.runtime.dialects.registry import dialect_names, get_dialect, render
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        choosing=("choose_grammar",),
        dialect=("Dialect", "ParseOptions", "explain"),
        grammar=("Grammar",),
        registry=("dialect_names", "get_dialect", "render"),
    )

__all__ = [
    "Dialect",
    "Grammar",
    "ParseOptions",
    "choose_grammar",
    "dialect_names",
    "explain",
    "get_dialect",
    "render",
]
