"""What all sections of a configuration have in common."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

__all__ = ["ConfigPath", "Globs", "Section", "ToolFolder", "Written"]


class Section(BaseModel):
    """A mapping of the file: only the keys that are declared, of the very types that are declared, unchangeable."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, validate_by_name=True, validate_by_alias=True, defer_build=True
    )


class Written(str):
    """A string as it is written in a file, so that a path in it can be read as relative to that file."""

    __slots__ = ("file",)
    file: Path

    @classmethod
    def at(cls, text: str, file: Path) -> Written:
        """The text, with the file in which it stands."""
        made = cls(text)
        made.file = file
        return made


def _located(value: Any) -> Any:
    if isinstance(value, Written):
        # Not resolved: a link that a person put there stays as it is named.
        return Path(os.path.normpath((value.file.parent / Path(value).expanduser()).absolute()))
    return Path(value) if isinstance(value, str) else value


def _shipped_or_located(value: Any) -> Any:
    return str(value) if isinstance(value, str) and value.startswith("@") else _located(value)


ConfigPath = Annotated[Path, BeforeValidator(_located)]
"""A path, relative to the file in which it is written; absolute once it is loaded."""

ToolFolder = Annotated[str | Path, BeforeValidator(_shipped_or_located)]
"""`@core`, `@opencode`, or a folder, relative to the file in which it is written."""

Globs = tuple[str, ...]
"""Patterns with `*`, `?` and `[...]`, each for a whole name."""
