"""Writing the picture: a PNG, and a page that needs nothing but itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from loopwright.base import atomic_write
from loopwright.view._page import page

__all__ = ["render_html", "render_png"]


def render_png(spec: dict[str, Any], path: Path, scale: float = 2) -> None:
    """Write the Vega-Lite `spec` as a PNG, `scale` pixels a point. No browser and no network are used.

    Raises:
        OSError: The file cannot be written.
    """
    import vl_convert

    png: bytes = vl_convert.vegalite_to_png(spec, scale=scale, allowed_base_urls=[])
    atomic_write(path, png)


def render_html(spec: dict[str, Any], data: dict[str, Any], path: Path) -> None:
    """Write one self-contained HTML file: the interactive picture, and `graph_data` as tables.

    The page loads nothing: the drawing library is inside, and its content security policy forbids everything else.
    All texts of the agent and of programs are escaped.

    Raises:
        OSError: The file cannot be written.
    """
    atomic_write(path, page(spec, data).encode())
