"""Colours, sizes and fonts of the picture.

The colours are from Paul Tol's and Okabe and Ito's palettes for the colour-blind; those of the statuses also differ
in lightness, and a test measures that they stay apart under the three kinds of dichromacy.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "CONFIG",
    "COST",
    "FAINT",
    "INK",
    "LABEL_SPACE",
    "MUTED",
    "SOLVED",
    "STATUS_COLOURS",
    "SUITE_COLOURS",
    "TOKEN_COLOURS",
    "WIDTH",
]

WIDTH = 1130
LABEL_SPACE = 124
INK = "#1f2430"
MUTED = "#667085"
FAINT = "#e4e7ec"
SOLVED = "#00796b"
COST = "#882255"

STATUS_COLOURS = {
    "passed": "#66c2a4",
    "failed": "#a50f3c",
    "timeout / error": "#f6a63a",
    "not run": "#e9ebef",
}
SUITE_COLOURS = ["#0072b2", "#cc79a7", "#56b4e9", "#4b3f72", "#8c8c2e", "#994f00"]
TOKEN_COLOURS = {"cache read": "#c6dbef", "cache write": "#9aa8d6", "input": "#4a90c8", "output": "#23396b"}

CONFIG: dict[str, Any] = {
    "background": "#ffffff",
    "font": "Liberation Sans, Arial, Helvetica, sans-serif",
    "padding": {"left": 20, "right": 24, "top": 18, "bottom": 14},
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "labelFontSize": 12,
        "titleColor": MUTED,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": FAINT,
        "domainColor": "#98a2b3",
        "tickColor": "#98a2b3",
    },
    "legend": {"labelColor": INK, "labelFontSize": 12, "symbolType": "square", "symbolSize": 140},
    "title": {
        "color": INK,
        "subtitleColor": MUTED,
        "anchor": "start",
        "frame": "group",
        "fontSize": 15,
        "subtitleFontSize": 12,
        "offset": 10,
        "subtitlePadding": 4,
    },
}
