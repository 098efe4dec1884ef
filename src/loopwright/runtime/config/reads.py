"""The files that a configuration names: prompts, templates, tool definitions."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from loopwright.base import UsageError
from loopwright.runtime.config.keys import values
from loopwright.runtime.config.problems import Problem
from loopwright.runtime.config.schema import AgentConfig
from loopwright.runtime.config.written import Loc, Tree, dotted, reach, read_text

__all__ = ["read_files"]

Text = tuple[str, Path, bytes]
"""What it is for, the file, its content."""


def read_files(config: AgentConfig, tree: Tree) -> tuple[list[Text], list[Problem]]:
    """Read all of them: what is there, and what is missing, too large, no UTF-8, or not a folder."""
    found: list[Text] = []
    problems: list[Problem] = []
    for loc, path, means in [named for value in values(config) for named in value.named()]:
        try:
            if means.what == "file":
                found.append((dotted(loc), path, _text(path)))
            elif means.what == "folder":
                found += _members(loc, path if isinstance(path, Path) else _shipped(path), means.how)
        except UsageError as error:
            problems.append(Problem(dotted(loc), error.what, str(reach(tree, loc)[1].origin)))
    return found, problems


def _text(path: Path) -> bytes:
    try:
        return read_text(path)
    except UsageError as error:
        raise UsageError(f"{path}: it {error.what}") from None


def _members(loc: Loc, folder: Path, pattern: str) -> list[Text]:
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}")
    members = sorted(folder.rglob(pattern)) if pattern else []
    return [(f"{dotted(loc)}/{path.relative_to(folder)}", path, path.read_bytes()) for path in members]


def _shipped(name: str) -> Path:
    return Path(str(files("loopwright.runtime.tools") / "defs" / name.removeprefix("@")))
