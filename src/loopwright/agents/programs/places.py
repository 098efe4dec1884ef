"""Folders of agents' programs on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from loopwright.agents.programs.versions import Release

__all__ = ["agents_folder", "cache_file", "installed_folder", "other_installed"]


def agents_folder() -> Path:
    """Where programs are installed: `$LOOPWRIGHT_AGENTS`, or `loopwright/agents` in the user's data folder."""
    chosen = os.environ.get("LOOPWRIGHT_AGENTS")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return _xdg("XDG_DATA_HOME", ".local/share") / "loopwright" / "agents"


def installed_folder(release: Release) -> Path:
    """Where the pinned version of a program is, or would be."""
    return agents_folder() / release.name / release.pinned


def other_installed(release: Release) -> list[Path]:
    """Folders of other versions that were installed here, newest first."""
    from loopwright.agents.programs.versions import version_key

    try:
        found = [folder for folder in (agents_folder() / release.name).iterdir() if folder.name[0].isdigit()]
    except OSError:
        return []
    found.sort(key=lambda folder: version_key(folder.name), reverse=True)
    return [folder for folder in found if folder.name != release.pinned]


def cache_file() -> Path:
    """Where the versions of programs are remembered."""
    return _xdg("XDG_CACHE_HOME", ".cache") / "loopwright" / "program-versions.json"


def _xdg(variable: str, default: str) -> Path:
    chosen = os.environ.get(variable, "")
    return Path(chosen) if chosen.startswith("/") else Path.home() / default
