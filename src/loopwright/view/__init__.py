"""Showing a trajectory to people: live in a terminal, as tables, and as one picture (PNG, HTML).

Everything heavy (altair, vl-convert, rich) is imported where it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.base import lazy_names

if TYPE_CHECKING:
    from loopwright.view._labels import fork_words, limit_words, plural
    from loopwright.view.diff import diff_view
    from loopwright.view.graph import GRAPH_SCHEMA_VERSION, graph_data
    from loopwright.view.live import LiveView, View, open_view
    from loopwright.view.part import part_view
    from loopwright.view.picture import chart
    from loopwright.view.plain import PlainView
    from loopwright.view.render import render_html, render_png
    from loopwright.view.run import run_view
    from loopwright.view.tables import runs_table, status_view
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        _labels=("fork_words", "limit_words", "plural"),
        diff=("diff_view",),
        graph=("GRAPH_SCHEMA_VERSION", "graph_data"),
        live=("LiveView", "View", "open_view"),
        part=("part_view",),
        picture=("chart",),
        plain=("PlainView",),
        render=("render_html", "render_png"),
        run=("run_view",),
        tables=("runs_table", "status_view"),
    )

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
    "plural",
    "render_html",
    "render_png",
    "run_view",
    "runs_table",
    "status_view",
]
