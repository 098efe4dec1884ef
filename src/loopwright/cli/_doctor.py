"""What `loopwright doctor` looks at."""

from __future__ import annotations

import os
import shutil
import subprocess

from msgspec import Struct

from loopwright.base import MachineError

__all__ = ["Finding", "findings"]


class Finding(Struct, frozen=True):
    """One thing that this machine has or lacks. `needed`: runs do not work as they should without it."""

    name: str
    works: bool
    needed: bool
    detail: str
    remedy: str = ""


def findings() -> list[Finding]:
    """Isolation, tools, keys, and the place for runs."""
    return [*_isolation(), *_tools(), *_keys(), _home()]


def _isolation() -> list[Finding]:
    from loopwright.sandbox import facts

    return [
        Finding(
            probe.backend,
            probe.works,
            needed=probe.backend == "bwrap",
            detail="; ".join(text for text in (probe.isolation, probe.detail) if text),
            remedy=probe.remedy,
        )
        for probe in facts()
    ]


def _tools() -> list[Finding]:
    return [
        _tool("git", needed=True, remedy="Type: apt-get install git"),
        _tool("gcc", needed=False, remedy="The c_compiler example needs it. Type: apt-get install gcc libc6-dev"),
    ]


def _tool(name: str, *, needed: bool, remedy: str) -> Finding:
    path = shutil.which(name)
    if path is None:
        return Finding(name, False, needed, "not found", remedy)
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(name, False, needed, f"{path} does not say its version: {error}", remedy)
    return Finding(name, True, needed, said.splitlines()[0] if said else path)


def _keys() -> list[Finding]:
    names = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENROUTER_API_KEY")
    found = [name for name in names if os.environ.get(name)]
    return [
        Finding(
            "model keys",
            bool(found),
            needed=False,
            detail=", ".join(found) or "none set",
            remedy=f"Export one of {', '.join(names)}, or use --model scripted:FILE.",
        )
    ]


def _home() -> Finding:
    from loopwright.record import check_home, home_folder

    home = home_folder()
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(existing).free / (1 << 30)
    detail, remedy = f"{home} ({free:.0f} GiB free)", ""
    try:
        check_home(home)
    except MachineError as error:
        detail, remedy = f"{error.what} {detail}", error.remedy or ""
    return Finding("home", not remedy, True, detail, remedy)
