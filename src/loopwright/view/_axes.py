"""The axis of parts that all panels share, and the rules that mark turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loopwright.view._theme import LABEL_SPACE, MUTED

if TYPE_CHECKING:
    import altair as alt

Layer = Any
"""A chart or a layer of one: what altair's chained methods return has no narrower type."""

__all__ = ["Layer", "count_axis", "last_x", "part_scale", "rows", "turn_rules"]


def rows(values: list[dict[str, Any]]) -> alt.InlineData:
    """Rows as inline data (without the trip through a data frame)."""
    import altair as alt

    return alt.InlineData(values=values)


def last_x(data: dict[str, Any]) -> float:
    """Where the axis of parts ends: a little after the last part, so that the last grade can be seen."""
    last: int = max([part["part"] for part in data["parts"]] or [1])
    return last + max(1.0, last * 0.015)


def part_scale(data: dict[str, Any], title: str | None = None) -> alt.X:
    """The axis of parts; only the lowest panel has a title."""
    import altair as alt

    end = last_x(data)
    ticks: dict[str, Any] = {"tickCount": 14} if end > 14 else {"values": list(range(int(end) + 1))}
    return alt.X(
        "part:Q",
        title=title,
        scale=alt.Scale(domain=[0, end], nice=False),
        axis=alt.Axis(grid=False, format="d", labelFlush=False, **ticks),
    )


def count_axis(title: str, **more: Any) -> alt.Axis:
    """A vertical axis whose labels take the same room in every panel, so that the panels stand in line."""
    import altair as alt

    return alt.Axis(title=title, minExtent=LABEL_SPACE, maxExtent=LABEL_SPACE, titleX=-58, **more)


def turn_rules(data: dict[str, Any], named: bool = False, title: str | None = None) -> list[Layer]:
    """A dashed rule where each turn begins; `named` writes its number at the top."""
    import altair as alt

    turns = [{"part": t["part_start"], "turn": f"turn {t['turn']}"} for t in data["turns"]]
    base = alt.Chart(rows(turns)).encode(x=part_scale(data, title))
    rules = base.mark_rule(strokeDash=[3, 3], color=MUTED, opacity=0.55)
    if not named or len(turns) > 30:
        return [rules]
    return [
        rules,
        base.mark_text(align="left", dx=4, dy=-3, baseline="bottom", color=MUTED, fontSize=11).encode(
            text="turn:N", y=alt.value(0)
        ),
    ]
