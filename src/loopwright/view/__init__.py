"""Showing a trajectory to people: live in a terminal, as tables, and as one picture (PNG, HTML).

Everything heavy (altair, vl-convert, rich) is imported where it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.view._labels import fork_words, limit_words
    from loopwright.view.diff import diff_view
    from loopwright.view.graph import GRAPH_SCHEMA_VERSION, graph_data
    from loopwright.view.live import LiveView, View, open_view
    from loopwright.view.part import part_view
    from loopwright.view.picture import chart
    from loopwright.view.plain import PlainView
    from loopwright.view.render import render_html, render_png
    from loopwright.view.run import run_view
    from loopwright.view.tables import runs_table, status_view

_HOMES = {
    "_labels": ("fork_words", "limit_words"),
    "picture": ("chart",),
    "diff": ("diff_view",),
    "graph": ("GRAPH_SCHEMA_VERSION", "graph_data"),
    "live": ("LiveView", "View", "open_view"),
    "part": ("part_view",),
    "plain": ("PlainView",),
    "render": ("render_html", "render_png"),
    "run": ("run_view",),
    "tables": ("runs_table", "status_view"),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "GRAPH_SCHEMA_VERSION",
    "LiveView",
    "PlainView",
    "View",
    "chart",
    "diff_view",
    "fork_words",
    "graph_data",
    "limit_words",
    "open_view",
    "part_view",
    "render_html",
    "render_png",
    "run_view",
    "runs_table",
    "status_view",
]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value
