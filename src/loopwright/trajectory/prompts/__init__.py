"""What the orchestrator says to an agent between turns, as files."""

from __future__ import annotations

from importlib.resources import files
from string import Template

__all__ = ["fill"]


def fill(name: str, **values: str) -> str:
    """The prompt file `name` with its `$placeholders` replaced.

    Raises:
        KeyError: A placeholder has no value.
    """
    text = (files(__name__) / f"{name}.md").read_text(encoding="utf-8")
    return Template(text).substitute(values).rstrip("\n")
