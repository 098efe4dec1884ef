"""Writing the picture: a PNG, and a page that needs nothing but itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from loopwright.base import atomic_write, printable, valid
from loopwright.view._page import page

__all__ = ["render_html", "render_png"]

_NOT_XML = re.compile("[\ufffe\uffff]")


def render_png(spec: dict[str, Any], path: Path, scale: float = 2) -> None:
    """Write the Vega-Lite `spec` as a PNG, `scale` pixels a point. No browser and no network are used.

    Raises:
        OSError: The file cannot be written.
    """
    import vl_convert

    png: bytes = vl_convert.vegalite_to_png(_drawable(spec), scale=scale, allowed_base_urls=[])
    atomic_write(path, png)


def render_html(spec: dict[str, Any], data: dict[str, Any], path: Path) -> None:
    """Write one self-contained HTML file: the interactive picture, and `graph_data` as tables.

    The page loads nothing: the drawing library is inside, and its content security policy forbids everything else.
    All texts of the agent and of programs are escaped.

    Raises:
        OSError: The file cannot be written.
    """
    atomic_write(path, page(_drawable(spec), data).encode())


def _drawable(value: Any) -> Any:
    """The same with texts that XML can hold: over others, such as odd names of files, the library fails or aborts."""
    if isinstance(value, str):
        return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", printable(valid(value)))
    if isinstance(value, dict):
        return {key: _drawable(item) for key, item in value.items()}
    return [_drawable(item) for item in value] if isinstance(value, list | tuple) else value
