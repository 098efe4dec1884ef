"""What is marked on the top panel: checkpoints, regressions, the solving grade; and the key to these marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from loopwright.view._axes import Layer, last_x, part_scale, rows
from loopwright.view._theme import INK, MUTED, SOLVED, STATUS_COLOURS, WIDTH

if TYPE_CHECKING:
    import altair as alt

__all__ = ["HEADROOM", "HEIGHT", "checkpoints", "key", "regressions", "solved"]

HEIGHT = 225
HEADROOM = 1.13
_STAR = "M0,-1L0.23,-0.31L0.95,-0.31L0.36,0.12L0.59,0.81L0,0.38L-0.59,0.81L-0.36,0.12L-0.95,-0.31L-0.23,-0.31Z"
_DOWN = "triangle-down"
_KEY_Y = -38
_APART = 0.04


def checkpoints(data: dict[str, Any]) -> Layer:
    """A short tick at the foot for each part that changed files."""
    import altair as alt

    points = [
        {"part": c["part"], "commit": c["commit"][:8], "files": ", ".join(c["changed_files"])[:200]}
        for c in data["checkpoints"]
    ]
    foot, top = alt.value(HEIGHT), alt.value(HEIGHT - 10)
    marks = alt.Chart(rows(points)).mark_rule(color=INK, strokeWidth=1.6 if len(points) <= 150 else 0.5)
    return marks.encode(x=part_scale(data), y=foot, y2=top, tooltip=["part:Q", "commit:N", "files:N"])


def regressions(data: dict[str, Any], curve: list[dict[str, Any]], y: alt.Y) -> list[Layer]:
    """A triangle and a number where tests that had passed stopped passing: the worst places, that do not touch."""

    counts: dict[tuple[int, str], int] = {}
    for row in data["regressions"]:
        place = (row["part"], row["suite"])
        counts[place] = counts.get(place, 0) + 1
    end = last_x(data)
    marks: list[dict[str, Any]] = [
        {"part": part, "suite": suite, "broken": number, "y": _height(curve, suite, part), "text": f"−{number}"}
        for (part, suite), number in _worst(counts, end * _APART)
    ]
    # Near the right edge a mark stands left of its place, to keep off the names of the suites.
    inner = [mark for mark in marks if mark["part"] < end * 0.95]
    outer = [mark for mark in marks if mark["part"] >= end * 0.95]
    return [layer for side, some in ((1, inner), (-1, outer)) if some for layer in _triangles(data, some, side, y)]


def _triangles(data: dict[str, Any], marks: list[dict[str, Any]], side: int, y: alt.Y) -> list[Layer]:
    import altair as alt

    base = alt.Chart(rows(marks)).encode(x=part_scale(data), y=y, tooltip=["part:Q", "suite:N", "broken:Q"])
    align: Literal["left", "right"] = "left" if side > 0 else "right"
    bold: dict[str, Any] = {"fontSize": 12, "fontWeight": "bold", "color": STATUS_COLOURS["failed"]}
    return [
        base.mark_point(
            shape=_DOWN, filled=True, size=80, color=STATUS_COLOURS["failed"], opacity=1, yOffset=10, xOffset=9 * side
        ),
        base.mark_text(dx=17 * side, dy=11, align=align, **bold).encode(text="text:N"),
    ]


def _worst(counts: dict[tuple[int, str], int], apart: float) -> list[tuple[tuple[int, str], int]]:
    """The places with most regressions, leaving out those nearer than `apart` parts to a worse one."""
    kept: list[tuple[tuple[int, str], int]] = []
    for place, number in sorted(counts.items(), key=lambda item: -item[1]):
        if all(abs(place[0] - other) >= apart for (other, _), _ in kept):
            kept.append((place, number))
    return kept


def _height(curve: list[dict[str, Any]], suite: str, part: int) -> float:
    found = [float(row["y"]) for row in curve if row["suite"] == suite and row["part"] <= part]
    return found[-1] if found else 0.0


def solved(data: dict[str, Any], top: float, y: alt.Y) -> list[Layer]:
    """A star where the grade that solved the task was given, and the part that it graded."""
    import altair as alt

    if not data["solved"]:
        return []
    part = data["solved"]["graded_at_part"]
    row = {"part": part, "y": top, "text": f"solved at part {data['solved']['part']}"}
    base = alt.Chart(rows([row])).encode(x=part_scale(data), y=y)
    side: Literal["left", "right"] = "left" if part < len(data["parts"]) * 0.15 else "right"
    return [
        base.mark_point(shape=_STAR, filled=True, size=260, color=SOLVED, opacity=1),
        base.mark_text(
            align=side, dx=14 if side == "left" else -14, dy=-12, color=SOLVED, fontSize=13, fontWeight="bold"
        ).encode(text="text:N"),
    ]


def key(data: dict[str, Any]) -> list[Layer]:
    """What the marks mean, in one line at the top right, drawn with the marks themselves."""
    entries: list[tuple[str, int, dict[str, Any]]] = [
        ("checkpoint", 88, {"shape": "stroke", "angle": 90, "size": 100, "color": INK, "strokeWidth": 1.6}),
        ("turn begins", 94, {"shape": "stroke", "angle": 90, "size": 160, "color": MUTED, "strokeDash": [3, 3]}),
    ]
    if data["regressions"]:
        mark = {"shape": _DOWN, "filled": True, "size": 80, "color": STATUS_COLOURS["failed"]}
        entries.append(("tests that had passed fail", 178, mark))
    if data["solved"]:
        entries.append(("solved", 60, {"shape": _STAR, "filled": True, "size": 180, "color": SOLVED}))
    left = WIDTH - sum(width for _, width, _ in entries)
    layers: list[Layer] = []
    for text, width, mark in entries:
        layers += _entry(text, left, mark)
        left += width
    return layers


def _entry(text: str, left: int, mark: dict[str, Any]) -> list[Layer]:
    import altair as alt

    base = alt.Chart(rows([{}])).encode(y=alt.value(_KEY_Y))
    return [
        base.mark_point(opacity=1, **mark).encode(x=alt.value(left)),
        base.mark_text(text=text, align="left", color=MUTED, fontSize=12).encode(x=alt.value(left + 10)),
    ]
