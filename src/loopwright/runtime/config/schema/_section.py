"""What all sections of a configuration have in common."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Struct
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = [
    "Condition",
    "ConfigPath",
    "Dialect",
    "Globs",
    "Means",
    "ModeName",
    "Section",
    "TextFile",
    "Tool",
    "ToolGlob",
    "Written",
    "defaults",
    "located",
]


class Section(BaseModel):
    """A mapping of the file: only the keys that are declared, of the very types that are declared, unchangeable."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        defer_build=True,
        allow_inf_nan=False,
    )


def defaults() -> Any:
    """The default of a key that holds a section: the defaults of that section, made when a file is read."""
    return Field(default={}, validate_default=True)


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


class Means(Struct, frozen=True):
    """What a text of the file stands for: it is looked up, or read, when the file is whole.

    Attributes:
        what: The kind of thing: a path, a file, a folder, a text, a condition, or the name of a tool, ...
        how: Of a tool: whether it may be a `glob` of those that are offered, a glob of all that are `defined`, or an
            `alias`. Of a text: whether it is an item of an `order`. Of a folder: the files in it that count, as a glob.
    """

    what: Literal["path", "file", "folder", "text", "condition", "tool", "dialect", "mode", "rule", "feature"]
    how: str = ""


def located(value: Any) -> Any:
    """A text that is written in a file as an absolute path; what is no text is left to the schema to refuse."""
    if isinstance(value, Written):
        # Not resolved: a link that a person put there stays as it is named.
        return Path(os.path.normpath((value.file.parent / Path(value).expanduser()).absolute()))
    return Path(value) if isinstance(value, str) else value


Globs = tuple[str, ...]
"""Patterns with `*`, `?` and `[...]`, each for a whole name."""

ConfigPath = Annotated[Path, BeforeValidator(located), Means("path")]
"""A path, relative to the file in which it is written; absolute once it is loaded."""

TextFile = Annotated[Path, BeforeValidator(located), Means("file")]
"""A text file; it is part of the configuration."""

Tool = Annotated[str, Means("tool")]
ToolGlob = Annotated[str, Means("tool", "glob")]
Dialect = Annotated[str, Means("dialect")]
ModeName = Annotated[str, Means("mode")]
Condition = Annotated[str, Means("condition")]
