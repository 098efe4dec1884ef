"""Prompt texts, as files: what the model reads is never hidden in code."""

from __future__ import annotations

from importlib.resources import files

__all__ = ["prompt"]


def prompt(name: str) -> str:
    """The text of the prompt file `name` (without its `.md`), trailing newline removed."""
    return (files(__name__) / f"{name}.md").read_text(encoding="utf-8").rstrip("\n")
