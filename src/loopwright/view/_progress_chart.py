"""The top panel: tests passed of each suite after each part, and what happened on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loopwright.view._axes import Layer, count_axis, last_x, part_scale, rows, turn_rules
from loopwright.view._labels import elide
from loopwright.view._progress_marks import HEADROOM, HEIGHT, checkpoints, key, regressions, solved
from loopwright.view._theme import MUTED, SOLVED, SUITE_COLOURS, WIDTH

if TYPE_CHECKING:
    import altair as alt

__all__ = ["progress"]

_LABEL_HEIGHT = 17


def progress(data: dict[str, Any]) -> Layer:
    """A step line per suite: counts where there is one suite, shares of each suite where there are several."""
    import altair as alt

    curve = _curve(data)
    y = _y(data)
    layers = [
        *turn_rules(data, named=True),
        _full(data, y),
        checkpoints(data),
        _lines(data, curve, y),
        _ends(data, curve),
        *regressions(data, curve, y),
        *solved(data, _top(data), y),
        *key(data),
        *([] if curve else [_nothing()]),
    ]
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT, title=alt.TitleParams("Tests passed", offset=-16))


def _single(data: dict[str, Any]) -> bool:
    return len(data["suites"]) <= 1


def _top(data: dict[str, Any]) -> float:
    """Where a line would be if everything passed."""
    return float(max(data["suites"].values(), default=1) or 1) if _single(data) else 1.0


def _curve(data: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per suite and change, and one where the line ends."""
    found: list[dict[str, Any]] = []
    last: dict[str, int] = {}
    for row in data["parts"]:
        for suite, passed in row["passed"].items():
            if last.get(suite) != passed:
                found.append(_point(data, row["part"], suite, passed))
        last = row["passed"]
    return found + [_point(data, last_x(data), suite, passed) for suite, passed in last.items()]


def _point(data: dict[str, Any], part: float, suite: str, passed: int) -> dict[str, Any]:
    expected = data["suites"].get(suite, 0)
    share = passed / expected if expected else 0.0
    return {
        "part": part,
        "suite": suite,
        "passed": passed,
        "expected": expected,
        "y": passed if _single(data) else share,
    }


def _y(data: dict[str, Any]) -> alt.Y:
    import altair as alt

    scale = alt.Scale(domain=[0, _top(data) * HEADROOM], nice=False)
    if _single(data):
        return alt.Y("y:Q", scale=scale, axis=count_axis("tests", tickMinStep=1, tickCount=6, format="d"))
    return alt.Y("y:Q", scale=scale, axis=count_axis("share of suite", format="%", values=[0, 0.25, 0.5, 0.75, 1]))


def _colour(data: dict[str, Any]) -> alt.Color:
    import altair as alt

    names = sorted(data["suites"])
    colours = [SUITE_COLOURS[n % len(SUITE_COLOURS)] for n in range(len(names))]
    return alt.Color("suite:N", scale=alt.Scale(domain=names, range=colours), legend=None)


def _lines(data: dict[str, Any], curve: list[dict[str, Any]], y: alt.Y) -> Layer:
    import altair as alt

    return (
        alt.Chart(rows(curve))
        .mark_line(interpolate="step-after", strokeWidth=3.5 if _single(data) else 2.5, strokeCap="butt")
        .encode(x=part_scale(data), y=y, color=_colour(data), tooltip=["suite:N", "passed:Q", "expected:Q"])
    )


def _ends(data: dict[str, Any], curve: list[dict[str, Any]]) -> Layer:
    """The name and the last count of each suite, right of the end of its line, pushed apart where they would touch."""
    import altair as alt

    ends = sorted({row["suite"]: row for row in curve}.values(), key=lambda row: (-float(row["y"]), row["suite"]))
    labels: list[dict[str, Any]] = []
    below = 0.0
    for row in ends:
        place = max(HEIGHT * (1 - row["y"] / (_top(data) * HEADROOM)), below)
        below = place + _LABEL_HEIGHT
        labels.append(row | {"label": f"{elide(row['suite'], 12)} {row['passed']}/{row['expected']}", "place": place})
    return (
        alt.Chart(rows(labels))
        .mark_text(align="left", dx=8, fontSize=13, fontWeight="bold")
        .encode(
            x=alt.value(WIDTH),
            y=alt.Y("place:Q", scale=None),
            color=_colour(data),
            text="label:N",
        )
    )


def _nothing() -> Layer:
    import altair as alt

    sentence = alt.Chart(rows([{}])).mark_text(text="no test has been graded yet", fontSize=14, color=MUTED)
    return sentence.encode(x=alt.value(WIDTH / 2), y=alt.value(HEIGHT / 2))


def _full(data: dict[str, Any], y: alt.Y) -> Layer:
    import altair as alt

    return alt.Chart(rows([{"y": _top(data)}])).mark_rule(color=SOLVED, opacity=0.55).encode(y=y)
