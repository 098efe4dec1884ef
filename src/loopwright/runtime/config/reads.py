"""The files that a configuration names: prompts, templates, tool definitions."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from loopwright.runtime.config.problems import Problem
from loopwright.runtime.config.schema import AgentConfig
from loopwright.runtime.config.written import Loc, Tree, dotted, reach

__all__ = ["read_files"]

Text = tuple[str, Path, bytes]
"""What it is for, the file, its content."""

_MOST_BYTES = 1 << 20


def read_files(config: AgentConfig, tree: Tree) -> tuple[list[Text], list[Problem]]:
    """Read all of them: what is there, and what is missing, too large, no UTF-8, or not a folder."""
    found: list[Text] = []
    problems: list[Problem] = []
    for loc, path in _texts(config):
        data = _read(path)
        if isinstance(data, bytes):
            found.append((dotted(loc), path, data))
        else:
            problems.append(_problem(loc, f"{path}: {data}", tree))
    for loc, folder, pattern in _folders(config):
        if not folder.is_dir():
            problems.append(_problem(loc, f"there is no folder {folder}", tree))
        members = sorted(folder.rglob(pattern)) if pattern else []
        found += [(f"{dotted(loc)}/{path.relative_to(folder)}", path, path.read_bytes()) for path in members]
    return found, problems


def _texts(config: AgentConfig) -> Iterator[tuple[Loc, Path]]:
    for pack, texts in config.prompts.packs.items():
        for key, path in texts.items():
            yield ("prompts", "packs", pack, key), path
    for dialect, templates in config.prompts.tool_prompt_synthesis.dialects.items():
        for key in type(templates).model_fields:
            if (path := getattr(templates, key)) is not None:
                yield ("prompts", "tool_prompt_synthesis", "dialects", dialect, key), path


def _folders(config: AgentConfig) -> Iterator[tuple[Loc, Path, str]]:
    """Folders with the pattern of the files in them that count; none of the starting files do."""
    if config.workspace.root is not None:
        yield ("workspace", "root"), config.workspace.root, ""
    root = config.prompts.tool_prompt_synthesis.root
    if root is not None:
        yield ("prompts", "tool_prompt_synthesis", "root"), root, "*.j2.md"
    for index, folder in enumerate(config.tools.registry.paths):
        place = folder if isinstance(folder, Path) else _shipped(folder)
        yield ("tools", "registry", "paths", index), place, "*.y*ml"


def _shipped(name: str) -> Path:
    return Path(str(files("loopwright.runtime.tools") / "defs" / name.removeprefix("@")))


def _read(path: Path) -> bytes | str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            return f"it is over {_MOST_BYTES >> 20} MiB"
        data = path.read_bytes()
        data.decode("utf-8")
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        return f"it is not UTF-8 at byte {error.start}"
    return data


def _problem(loc: Loc, what: str, tree: Tree) -> Problem:
    return Problem(dotted(loc), what, str(reach(tree, loc)[1].origin))
