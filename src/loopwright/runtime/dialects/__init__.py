"""The syntaxes in which a model calls tools, and the grammar of one turn that is made of them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.runtime.dialects.choosing import choose_grammar
    from loopwright.runtime.dialects.dialect import Dialect, ParseOptions, explain
    from loopwright.runtime.dialects.grammar import Grammar
    from loopwright.runtime.dialects.registry import dialect_names, get_dialect, render

_HOMES = {
    "choosing": ("choose_grammar",),
    "dialect": ("Dialect", "ParseOptions", "explain"),
    "grammar": ("Grammar",),
    "registry": ("dialect_names", "get_dialect", "render"),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

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


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
