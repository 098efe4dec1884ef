"""The final table of `run.py`: what was promised, what was measured, and how far both are apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.report import Figure

__all__ = ["bar", "number", "ratio", "render", "summary", "verdict"]

_HEAD = ("figure", "bar", "measured", "bar met?", "peer", "peer's", "ours to the peer's")


def render(figures: Sequence[Figure]) -> str:
    """Draw the figures as a Markdown table whose columns line up."""
    rows: list[Sequence[str]] = [_HEAD]
    previous = ""
    for figure in figures:
        rows.append([_one_line(cell) for cell in _row(figure, repeated=figure.name == previous)])
        previous = figure.name
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows)


def _one_line(cell: str) -> str:
    return " ".join(cell.split()).replace("|", "\\|")


def summary(figures: Sequence[Figure]) -> str:
    """Count the bars in one line, and name those that are missed and what could not be measured."""
    met = {figure.name: figure.met for figure in figures if figure.met is not None}
    missed = [name for name, good in met.items() if not good]
    unknown = list(dict.fromkeys(figure.name for figure in figures if figure.value is None))
    text = f"{len(met)} bars measured: {len(met) - len(missed)} met, {len(missed)} missed"
    text += f" ({'; '.join(missed)})" if missed else ""
    return text + (f". Could not be measured: {'; '.join(unknown)}" if unknown else "")


def _row(figure: Figure, *, repeated: bool) -> tuple[str, ...]:
    measured = "not measured" if figure.value is None else f"{number(figure.value)} {figure.unit}"
    ours = ("", "", "", "") if repeated else (figure.name, bar(figure), measured, verdict(figure))
    return *ours, figure.peer, _peers(figure), ratio(figure)


def _peers(figure: Figure) -> str:
    if figure.peer_value is not None:
        return f"{number(figure.peer_value)} {figure.unit}"
    return f"not measured: {figure.note}" if figure.peer and figure.value is not None else ""


def bar(figure: Figure) -> str:
    """Say the bar: `<= 20 ms`; empty where there is none."""
    if figure.bar is None:
        return ""
    return f"{'>=' if figure.more_is_better else '<='} {number(figure.bar)} {figure.unit}"


def verdict(figure: Figure) -> str:
    """Say whether the bar is met and by how much, or why nothing was measured."""
    if figure.value is None:
        return figure.note
    if figure.bar is None or figure.met is None:
        return ""
    times = _times(figure.value, figure.bar)
    if figure.met:
        return f"met, {times} to spare" if times else "met"
    distance = f"{number(abs(figure.value - figure.bar))} {figure.unit}"
    return f"MISSED by {distance}" + (f" ({times})" if times else "")


def ratio(figure: Figure) -> str:
    """Compare with the peer: `4.3 x more`, `120 x less`; empty where one of both was not measured."""
    if figure.value is None or figure.peer_value is None:
        return ""
    times = _times(figure.value, figure.peer_value)
    return f"{times} {'more' if figure.value > figure.peer_value else 'less'}" if times else ""


def _times(one: float, other: float) -> str:
    low, high = sorted((one, other))
    return f"{number(high / low)} x" if low > 0 else ""


def number(value: float) -> str:
    """Write a number with three digits that mean something, and never with an exponent."""
    if abs(value) >= 999.5:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.0001 or not value else f"{value:.7f}".rstrip("0")
