"""Finding an agent's program: installed by us, in a wheel of our own Python, or on PATH."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from msgspec import Struct

from loopwright.agents.programs.asking import version_of
from loopwright.agents.programs.layouts import Found, in_package, on_path
from loopwright.agents.programs.places import installed_folder, other_installed
from loopwright.agents.programs.versions import Release, release_of, version_key
from loopwright.agents.protocol import AgentCheck
from loopwright.base import MachineError

__all__ = ["Program", "check_program", "find"]

Source = Literal["installed", "wheel", "path"]
WHERE: dict[Source, str] = {
    "installed": "installed by loopwright",
    "wheel": "a wheel of this Python",
    "path": "PATH",
}


class Program(Struct, frozen=True):
    """An agent's program on this machine.

    Attributes:
        path: The program's file on the host.
        folder: What a sandbox has to show for it, read-only: give it to `open_place` (a folder, or the file alone).
        launcher: What comes before it in a command (`node`), looked up on PATH.
        version: As it says itself.
        warning: Where this version was not tested.
    """

    name: str
    path: Path
    folder: Path
    version: str
    source: Source
    launcher: tuple[str, ...] = ()
    warning: str = ""

    def argv(self, programs: str) -> tuple[str, ...]:
        """The beginning of its command where `folder` is called `programs` (`Place.programs`)."""
        below = self.path.relative_to(self.folder)
        return (*self.launcher, programs if below == Path() else f"{programs}/{below.as_posix()}")


def find(name: str) -> Program:
    """The program of an agent, found in that order: installed by us, in a wheel of our own Python, on PATH.

    Raises:
        UsageError: No agent's program has this name.
        MachineError: It is nowhere, too old, or does not start; the remedy is the command that installs the right one.
    """
    release = release_of(name)
    remedy = f"Type: loopwright agents install {name}"
    for source, found in _places(release):
        try:
            version = version_of(found.path, found.launcher)
        except MachineError as error:
            raise MachineError(error.what, remedy=remedy) from None
        if version_key(version) < version_key(release.minimum):
            raise MachineError(
                f"{found.path} is {release.title} {version}, which is too old: at least {release.minimum} is needed.",
                remedy=remedy,
            )
        warning = "" if version in release.tested else _untested(release, version)
        return Program(name, found.path, found.bind, version, source, found.launcher, warning)
    raise MachineError(f"The program of {release.title} was not found.", remedy=remedy)


def check_program(name: str) -> AgentCheck:
    """Whether an agent's program is here and can be used; what `Agent.check` answers."""
    try:
        program = find(name)
    except MachineError as error:
        return AgentCheck(ok=False, version="", detail=error.what, remedy=error.remedy or "")
    return AgentCheck(
        ok=True,
        version=program.version,
        detail=WHERE[program.source],
        path=str(program.path),
        warning=program.warning,
    )


def _untested(release: Release, version: str) -> str:
    tested = ", ".join(release.tested)
    return f"{release.title} {version} was not tested with this version of Loopwright (tested: {tested})."


def _places(release: Release) -> Iterator[tuple[Source, Found]]:
    for folder in (installed_folder(release), *other_installed(release)):
        for found in in_package(folder, release.programs):
            yield "installed", found
    for root in _wheel_roots(release):
        for found in in_package(root, release.programs):
            yield "wheel", found
    file = shutil.which(release.command)
    if file is not None:
        yield "path", on_path(release, Path(file))


def _wheel_roots(release: Release) -> list[Path]:
    """Where our own Python would import the wheel from; nothing of it is imported."""
    try:
        spec = find_spec(release.module) if release.module else None
    except (ImportError, ValueError):
        return []
    return [Path(place).parent for place in spec.submodule_search_locations or ()] if spec else []
