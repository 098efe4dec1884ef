"""The middle panel: every test in every grade."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from loopwright.view._axes import Layer, count_axis, last_x, part_scale, rows, turn_rules
from loopwright.view._labels import elide
from loopwright.view._theme import INK, STATUS_COLOURS, WIDTH

if TYPE_CHECKING:
    import altair as alt

__all__ = ["cells", "columns", "heatmap"]

_NAMED = 30
_TALLEST = 410
_SHOWN = {"passed": "passed", "failed": "failed", "timeout": "timeout / error", "error": "timeout / error"}


def heatmap(data: dict[str, Any]) -> Layer | None:
    """A row per test, a column per graded checkpoint as wide as it stayed the newest; None without any test."""
    import altair as alt

    if not data["tests"]["rows"]:
        return None
    number = len(data["tests"]["rows"])
    height = min(max(number * 14, 120), _TALLEST)
    groups = _groups(data)
    y = _y(data, groups)
    layers = [_rects(data, y), _separators(groups, number, y), *turn_rules(data)]
    title = alt.TitleParams(f"{number} tests, at each graded checkpoint", subtitle=_subtitle(data), offset=-28)
    return alt.layer(*layers).properties(width=WIDTH, height=height, title=title)


def _subtitle(data: dict[str, Any]) -> str:
    by = "category" if len(data["suites"]) <= 1 else "suite and category"
    return f"one line a test, sorted by {by}; a column lasts until the next grade"


def columns(data: dict[str, Any]) -> list[tuple[float, float, list[int]]]:
    """The graded checkpoints as (first part, end, indexes of grades): grades of one commit or part are one column."""
    merged: list[tuple[int, str, list[int]]] = []
    for index, grade in enumerate(data["grades"]):
        if merged and (grade["commit"] == merged[-1][1] or grade["part"] == merged[-1][0]):
            merged[-1][2].append(index)
        else:
            merged.append((grade["part"], grade["commit"], [index]))
    ends = [float(start) for start, _, _ in merged[1:]] + [last_x(data)]
    return [(float(start), end, indexes) for (start, _, indexes), end in zip(merged, ends, strict=True)]


def cells(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The rectangles to draw; neighbours with one status are one rectangle, so that long runs stay drawable."""
    found: list[dict[str, Any]] = []
    graded = columns(data)
    for number, row in enumerate(data["tests"]["rows"]):
        spans = [(start, end, _status(row["statuses"], indexes)) for start, end, indexes in graded]
        for status, group in groupby(spans, key=lambda span: span[2]):
            same = list(group)
            found.append(
                {
                    "test": row["id"],
                    "row": number,
                    "below": number + 1,
                    "part": same[0][0],
                    "until": same[-1][1],
                    "status": status,
                }
            )
    return found


def _status(statuses: list[str | None], indexes: list[int]) -> str:
    ran = [statuses[index] for index in indexes if statuses[index] is not None]
    return _SHOWN.get(ran[-1] or "", "not run") if ran else "not run"


def _groups(data: dict[str, Any]) -> list[tuple[str, int, int]]:
    """(name, first row, row after the last) of each category."""
    several = len(data["suites"]) > 1
    found: list[tuple[str, int, int]] = []
    start = 0
    for (suite, category), group in groupby(data["tests"]["rows"], key=lambda row: (row["suite"], row["category"])):
        end = start + len(list(group))
        name = f"{suite}/{category}" if several and category != suite else category
        found.append((name, start, end))
        start = end
    return found


def _y(data: dict[str, Any], groups: list[tuple[str, int, int]]) -> alt.Y:
    """The axis of rows: names of tests where there is room, else of categories, in the middle of each."""
    import altair as alt

    tests = data["tests"]["rows"]
    if len(tests) <= _NAMED:
        names = {n + 0.5: elide(row["id"].removeprefix(f"{row['suite']}/"), 20) for n, row in enumerate(tests)}
    else:
        least = len(tests) * 12 / _TALLEST
        names = {(start + end) / 2: elide(name, 20) for name, start, end in groups if end - start >= least}
    labels = json.dumps({f"{place:g}": name for place, name in names.items()})
    shown = f"{labels}[format(datum.value, '~g')]"
    bare = {"grid": False, "ticks": False, "domain": False, "labelOverlap": False}
    axis = count_axis("", values=sorted(names), labelExpr=shown, **bare)
    scale = alt.Scale(domain=[0, len(tests)], nice=False, reverse=True)
    return alt.Y("row:Q", scale=scale, axis=axis)


def _rects(data: dict[str, Any], y: alt.Y) -> Layer:
    import altair as alt

    domain, colours = list(STATUS_COLOURS), list(STATUS_COLOURS.values())
    legend = alt.Legend(
        title=None, orient="none", legendX=WIDTH - 372, legendY=-34, direction="horizontal", columnPadding=16
    )
    gap = _gap(len(data["tests"]["rows"]))
    return (
        alt.Chart(rows(cells(data)))
        .mark_rect(stroke="#ffffff", strokeWidth=gap)
        .encode(
            x=part_scale(data),
            x2="until:Q",
            y=y,
            y2="below:Q",
            color=alt.Color("status:N", scale=alt.Scale(domain=domain, range=colours), legend=legend),
            tooltip=["test:N", "status:N", "part:Q"],
        )
    )


def _gap(number: int) -> float:
    """The white line around a rectangle: thinner for thin rows, whose colours it would wash out."""
    height = _TALLEST / number
    return 0.6 if height >= 6 else 0.25 if height >= 2.5 else 0


def _separators(groups: list[tuple[str, int, int]], number: int, y: alt.Y) -> Layer:
    import altair as alt

    edges = [{"row": end} for _, _, end in groups if end < number]
    return alt.Chart(rows(edges)).mark_rule(color=INK, strokeWidth=0.8, opacity=0.7).encode(y=y)
