"""The bottom panel: cumulative tokens by kind, and cost."""

from __future__ import annotations

from typing import Any

from loopwright.view._axes import Layer, count_axis, last_x, part_scale, rows, turn_rules
from loopwright.view._labels import money
from loopwright.view._theme import COST, TOKEN_COLOURS, WIDTH

__all__ = ["usage"]


def usage(data: dict[str, Any]) -> Layer | None:
    """Stacked tokens on the left axis, US dollars on the right one; None without parts."""
    import altair as alt

    if not data["parts"]:
        return None
    left = alt.layer(_areas(data), *turn_rules(data, title="part"))
    cost = _cost(data)
    both = left if cost is None else alt.layer(left, cost).resolve_scale(y="independent")
    return both.properties(width=WIDTH, height=140, title=alt.TitleParams(_title(data), offset=-14))


def _title(data: dict[str, Any]) -> str:
    cost = data["trajectory"]["cost"]
    if cost is None:
        return "Tokens used; the cost is not known (a model without a price)"
    return "Tokens used, and cost" if cost else f"Tokens used; cost {money(cost)}"


def _areas(data: dict[str, Any]) -> Layer:
    import altair as alt

    kinds = list(TOKEN_COLOURS)
    values = [
        {"part": part, "kind": kind, "tokens": row["tokens"][kind.replace(" ", "_")], "order": order}
        for part, row in _with_end(data)
        for order, kind in enumerate(reversed(kinds))
    ]
    place: dict[str, Any] = {"orient": "none", "legendX": WIDTH - 344, "legendY": -30, "direction": "horizontal"}
    legend = alt.Legend(title=None, columnPadding=16, **place)
    return (
        alt.Chart(rows(values))
        .mark_area(interpolate="step-after", line=False, opacity=1)
        .encode(
            x=part_scale(data, "part"),
            y=alt.Y(
                "tokens:Q",
                stack="zero",
                axis=count_axis("tokens", format="~s", tickCount=4, labelExpr='datum.value ? datum.label : "0"'),
            ),
            color=alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=list(TOKEN_COLOURS.values())), legend=legend),
            order="order:Q",
            tooltip=["part:Q", "kind:N", "tokens:Q"],
        )
    )


def _cost(data: dict[str, Any]) -> Layer | None:
    """The line of dollars as far as it is known; nothing where nothing was charged."""
    import altair as alt

    values = [{"part": part, "cost": row["cost"]} for part, row in _with_end(data) if row["cost"] is not None]
    if not any(row["cost"] for row in values):
        return None
    # No precision is given: all labels get as many decimals as the distance between them needs.
    axis = alt.Axis(title="US dollars", format="$,f", tickCount=4, titleColor=COST, labelColor=COST, grid=False)
    return (
        alt.Chart(rows(values))
        .mark_line(interpolate="step-after", color=COST, strokeWidth=2.5)
        .encode(x=part_scale(data, "part"), y=alt.Y("cost:Q", axis=axis), tooltip=["part:Q", "cost:Q"])
    )


def _with_end(data: dict[str, Any]) -> list[tuple[float, dict[str, Any]]]:
    """Each part with its row, from zero at the start, and once more where the axis ends."""
    zero = {"tokens": dict.fromkeys(data["parts"][0]["tokens"], 0), "cost": 0.0}
    found = [(0.0, zero), *((float(row["part"]), row) for row in data["parts"])]
    return [*found, (last_x(data), data["parts"][-1])]
