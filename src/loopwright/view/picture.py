"""One picture of a trajectory: suites over parts, tests by grade, tokens and cost; one spec for PNG and HTML."""

from __future__ import annotations

import re
from typing import Any

from loopwright.base import one_line, printable, valid
from loopwright.view._heatmap import heatmap
from loopwright.view._labels import headline, subline
from loopwright.view._progress_chart import progress
from loopwright.view._theme import CONFIG
from loopwright.view._usage_chart import usage

__all__ = ["chart"]

_NOT_XML = re.compile("[\ufffe\uffff]")


def chart(data: dict[str, Any]) -> dict[str, Any]:
    """Draw `graph_data` as a Vega-Lite specification (plain JSON values, all data inline), about 1400 x 1100 px.

    Top: tests passed of every suite over parts, with checkpoints, turns, regressions and the solving grade. Middle:
    each test in each grade. Bottom: cumulative tokens by kind, and cost.
    """
    import altair as alt

    data = _drawable(data)
    panels = [progress(data), heatmap(data), usage(data)]
    picture = alt.vconcat(*[panel for panel in panels if panel is not None], spacing=26).properties(
        title=alt.TitleParams(
            text=one_line(headline(data["trajectory"]), 140),
            subtitle=one_line(subline(data), 190),
            fontSize=21,
            subtitleFontSize=14,
            offset=18,
        ),
    )
    spec: dict[str, Any] = picture.resolve_scale(color="independent").resolve_legend(color="independent").to_dict()
    spec["config"] = CONFIG
    return spec


def _drawable(value: Any) -> Any:
    """The same with texts that XML can hold: over others, such as odd names of files, the library fails or aborts."""
    if isinstance(value, str):
        return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", printable(valid(value)))
    if isinstance(value, dict):
        return {key: _drawable(item) for key, item in value.items()}
    return [_drawable(item) for item in value] if isinstance(value, list | tuple) else value
