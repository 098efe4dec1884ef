"""Interpreters and toolchains of this machine that a sandbox has to show, found from PATH.

They often live in the home folder, which is hidden. Each is shown read-only at its own path, with nothing beside it:
the folders above appear empty. Version managers put stubs on PATH that ask the manager, which is not there inside;
the stubs' folders are replaced by the real folders of the chosen version.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from loopwright.sandbox._look import entries, exists, is_link, is_usable_dir

__all__ = ["Toolchains", "find_toolchains", "python_inside"]

_VISIBLE = ("/usr", "/bin", "/sbin", "/nix/store", "/gnu/store")
_STANDARD = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
# A `bin` folder in one of these is shown alone: what lies beside it is not (only) a toolchain.
_BROAD = (".", ".local", ".cargo", ".pyenv", ".nvm", ".rustup", ".bun", ".deno", ".config", ".cache")


@dataclass(frozen=True)
class Toolchains:
    """What to show and how to find it.

    Attributes:
        mounts: (host path, path inside), each to be shown read-only, outer folders first.
        path: The PATH inside.
        skipped: Folders of the host's PATH that are not shown.
    """

    mounts: tuple[tuple[Path, str], ...]
    path: tuple[str, ...]
    skipped: tuple[str, ...] = ()


def find_toolchains(environ: Mapping[str, str], home: Path) -> Toolchains:
    """Find what the PATH in `environ` offers, and the Python that runs us.

    Args:
        environ: The host's environment; only PATH, PYENV_VERSION, RUSTUP_HOME and RUSTUP_TOOLCHAIN are read.
        home: The home folder that will be hidden.
    """
    wanted: set[Path] = set(_python_folders())
    path: list[str] = []
    skipped: list[str] = []
    for entry in environ.get("PATH", "").split(os.pathsep):
        folders = list(_real_folders(Path(entry), environ)) if entry.startswith("/") else []
        shown = [folder for folder in folders if is_usable_dir(folder) and _may_be_shown(folder, home)]
        if not shown:
            skipped.append(entry)
        for folder in shown:
            wanted.update(_roots(folder, home))
            path.append(str(folder))
    wanted |= {Path(os.path.realpath(each)) for each in wanted}
    path += _STANDARD
    return Toolchains(
        mounts=tuple((each, str(each)) for each in _outermost(wanted)),
        path=tuple(dict.fromkeys(each for each in path if is_usable_dir(each))),
        skipped=tuple(dict.fromkeys(each for each in skipped if each)),
    )


def python_inside() -> str:
    """The path, the same inside and outside, of a bare Python interpreter that every sandbox shows."""
    return os.path.realpath(sys.executable)


def _python_folders() -> Iterator[Path]:
    for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix, Path(python_inside()).parent.parent):
        path = Path(prefix)
        if not _is_visible(path) and len(path.parts) > 2:
            yield path


def _real_folders(folder: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """Replace a version manager's folder of stubs by what its stubs would run."""
    if folder.name == "shims":
        yield from _pyenv(folder.parent, environ)
    elif exists(folder / "pyenv"):
        return  # the manager itself, which is of no use without its folders
    elif folder.name == "bin" and exists(folder / "rustup"):
        yield from _rustup(folder, environ)
        yield folder
    else:
        yield folder


def _pyenv(root: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    chosen = environ.get("PYENV_VERSION", "").replace(":", "\n") or _text(root / "version")
    for name in chosen.split():
        if "/" not in name and name != "system":
            yield root / "versions" / name / "bin"


def _rustup(folder: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    root = Path(environ.get("RUSTUP_HOME") or folder.parent.parent / ".rustup")
    chosen = environ.get("RUSTUP_TOOLCHAIN") or _default_toolchain(root / "settings.toml")
    if chosen:
        yield root / "toolchains" / Path(chosen).name / "bin"


def _default_toolchain(settings: Path) -> str:
    try:
        value = tomllib.loads(_text(settings)).get("default_toolchain", "")
    except tomllib.TOMLDecodeError:
        return ""
    return value if isinstance(value, str) else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _roots(folder: Path, home: Path) -> Iterator[Path]:
    """What has to be shown so that the programs in a PATH folder run."""
    if _is_visible(folder):
        return
    prefix = folder.parent
    if folder.name == "bin" and not _is_broad(prefix, home):
        yield prefix
        yield from _base_of_venv(prefix)
        return
    yield folder
    for program in entries(folder):
        if is_link(program):
            yield from _target_of(program, home)


def _target_of(program: Path, home: Path) -> Iterator[Path]:
    target = Path(os.path.realpath(program))
    if not exists(target) or _is_visible(target) or target.is_relative_to(os.path.realpath(program.parent)):
        return
    folder = target.parent
    if folder.name == "bin" and not _is_broad(folder.parent, home):
        yield folder.parent
        yield from _base_of_venv(folder.parent)
    else:
        yield target


def _base_of_venv(prefix: Path) -> Iterator[Path]:
    for line in _text(prefix / "pyvenv.cfg").splitlines():
        key, _, value = line.partition("=")
        base = Path(value.strip())
        if key.strip() == "home" and base.name == "bin" and base.is_absolute() and not _is_visible(base):
            yield base.parent


def _is_visible(path: Path) -> bool:
    return any(path.is_relative_to(root) for root in _VISIBLE)


def _is_broad(prefix: Path, home: Path) -> bool:
    prefix = Path(os.path.realpath(prefix))
    home = Path(os.path.realpath(home))
    return len(prefix.parts) <= 2 or any(prefix == home / name for name in _BROAD) or home.is_relative_to(prefix)


def _may_be_shown(folder: Path, home: Path) -> bool:
    # A PATH that holds the home folder or a top folder would show everything that is to be hidden.
    real = Path(os.path.realpath(folder))
    return _is_visible(folder) or (len(real.parts) > 2 and not Path(os.path.realpath(home)).is_relative_to(real))


def _outermost(paths: set[Path]) -> list[Path]:
    kept: list[Path] = []
    for path in sorted(paths, key=lambda each: (len(each.parts), str(each))):
        if exists(path) and not _is_visible(path) and not any(path.is_relative_to(other) for other in kept):
            kept.append(path)
    return kept
