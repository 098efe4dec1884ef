"""Where a program lies in what was installed, and which folder it needs around it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from loopwright.agents.programs.versions import Release

__all__ = ["Found", "in_package", "on_path"]


class Found(Struct, frozen=True):
    """A program's file, what has to be shown in a sandbox for it to run (a folder or the file), and its launcher."""

    path: Path
    bind: Path
    launcher: tuple[str, ...] = ()


def in_package(root: Path, patterns: tuple[str, ...]) -> Iterator[Found]:
    """Programs below `root` that fit `folder//program`."""
    for pattern in patterns:
        folder, _, program = pattern.partition("//")
        for bind in sorted(root.glob(folder)):
            for path in sorted(bind.glob(program)):
                if _runs(path):
                    yield Found(path, bind)


def on_path(release: Release, file: Path) -> Found:
    """What a file on PATH stands for: a program, or a launcher of one."""
    path = Path(os.path.realpath(file))
    if not _is_node_script(path):
        return Found(path, _around(path))
    modules = _node_modules(path)
    if modules is None:
        return Found(path, path, ("node",))
    package = next((parent for parent in path.parents if parent.parent in (modules, *_scopes(modules))), modules)
    for place in (package / "node_modules", modules):
        for found in in_package(place, release.natives):
            return found
    return Found(path, modules, ("node",))


def _runs(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _around(path: Path) -> Path:
    """The folder of a package that a program belongs to, or the program alone."""
    for parent in list(path.parents)[:4]:
        if any((parent / name).is_file() for name in ("codex-package.json", "package.json")):
            return parent
    return path


def _is_node_script(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            first = file.read(200).split(b"\n")[0]
    except OSError:
        return False
    return first.startswith(b"#!") and b"node" in first


def _node_modules(path: Path) -> Path | None:
    """The outermost `node_modules` folder around a file."""
    found = [parent for parent in path.parents if parent.name == "node_modules"]
    return found[-1] if found else None


def _scopes(modules: Path) -> list[Path]:
    return [folder for folder in modules.glob("@*") if folder.is_dir()]
