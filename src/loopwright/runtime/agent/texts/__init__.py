"""What the loop itself says to a model: one Markdown file each, with `$name` for what is filled in."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from string import Template

__all__ = ["say"]


@cache
def _template(name: str) -> Template:
    return Template((files(__name__) / f"{name}.md").read_text("utf-8").rstrip("\n"))


def say(name: str, **values: object) -> str:
    """The text `name.md`, filled in. A missing value is an error."""
    return _template(name).substitute({key: str(value) for key, value in values.items()})
