"""The keys of task.toml, and errors about them that name the line and the nearest known key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from loopwright.base import UsageError, nearest

__all__ = ["TaskFile", "read_task_file"]

_WORD = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class About(_Section):
    """`[task]`: what the task is called, and the file of its folder with what the agent is asked to do."""

    name: str = Field(pattern=_WORD)
    description: str = ""
    version: str = ""
    instruction: str = Field(default="instruction.md", pattern=_WORD)


class Build(_Section):
    """`[build]`: `outputs` are globs that are deleted from the fresh copy before setup, so that none is stale."""

    timeout_seconds: float = Field(default=300.0, gt=0, le=86400)
    memory_mb: int = Field(default=4096, ge=16)
    outputs: list[str] = []


class Tests(_Section):
    """`[tests]`: defaults of the tests; `parallel` 0 is one for each core. Without `visible`, all but `hidden` are."""

    timeout_seconds: float = Field(default=30.0, gt=0, le=86400)
    parallel: int = Field(default=0, ge=0, le=1024)
    visible: list[str] | None = None
    hidden: list[str] = []


class ProgramLimits(_Section):
    """`[limits]`: what one program that a test runs may use."""

    memory_mb: int = Field(default=1024, ge=16)
    processes: int = Field(default=128, ge=1)
    output_kb: int = Field(default=1024, ge=1, le=65536)


class AgentLimits(_Section):
    """`[agent]`: default limits of a run of this task."""

    max_parts: int | None = Field(default=None, ge=1)
    max_turns: int | None = Field(default=None, ge=1)
    max_cost: float | None = Field(default=None, gt=0)
    max_tokens: int | None = Field(default=None, ge=1)
    max_seconds: float | None = Field(default=None, gt=0)


class Workspace(_Section):
    """`[workspace]`: patterns that are never checkpointed."""

    ignore: list[str] = []


class TaskFile(_Section):
    """A whole task.toml."""

    task: About
    build: Build = Build()
    tests: Tests = Tests()
    limits: ProgramLimits = ProgramLimits()
    agent: AgentLimits = AgentLimits()
    workspace: Workspace = Workspace()


def read_task_file(path: Path) -> TaskFile:
    """Read and check a task.toml.

    Raises:
        UsageError: It is missing, not TOML, or has an unknown key or a wrong value; says where and what to write.
    """
    try:
        text = path.read_bytes().decode()
        raw = tomllib.loads(text)
    except FileNotFoundError:
        raise UsageError(
            "there is no task.toml", where=str(path.parent), remedy="A task folder needs one with [task] name = ..."
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"not valid TOML: {error}", where=str(path)) from None
    try:
        return TaskFile.model_validate(raw)
    except ValidationError as error:
        raise _explain(path, text, error.errors()[0]) from None


def _explain(path: Path, text: str, error: ErrorDetails) -> UsageError:
    keys = [str(key) for key in error["loc"] if not isinstance(key, int)]
    line = _line_of(text, keys)
    where = f"{path}:{line}" if line else str(path)
    dotted = ".".join(keys)
    if error["type"] == "extra_forbidden":
        return UsageError(f"unknown key {dotted!r}", where=where, remedy=_known_keys(keys))
    if error["type"] == "missing":
        return UsageError(f"the key {dotted!r} is missing", where=where, remedy=f"Add it: {_example(keys)}.")
    return UsageError(f"{dotted}: {error['msg'].lower()}", where=where, remedy=f"It is {error['input']!r} now.")


def _known_keys(keys: list[str]) -> str:
    section: Any = TaskFile
    for key in keys[:-1]:
        section = section.model_fields[key].annotation
    known = list(section.model_fields)
    close = nearest(keys[-1], known)
    return f"Did you mean {close!r}?" if close else f"Known keys here: {', '.join(known)}."


def _example(keys: list[str]) -> str:
    return f'[{keys[0]}] {keys[1]} = "..."' if len(keys) > 1 else f'[{keys[0]}] with name = "..."'


def _line_of(text: str, keys: list[str]) -> int | None:
    """The line of the deepest of `keys` that the file mentions (tables written as `[section]` headers)."""
    keys = keys[:2]
    section, found = "", None
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        if header:
            section = header.group(1).strip()
            if section == keys[0] and found is None:
                found = number
        elif section == ".".join(keys[:-1]) and re.match(rf"\s*\"?{re.escape(keys[-1])}\"?\s*=", line):
            return number
    return found
