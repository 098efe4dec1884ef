"""Install the programs that the benchmarks compare with into `.venv-peers`, a virtual environment of their own.

`python benchmarks/install_peers.py` prints the path of its Python. Nothing of it gets into `.venv`: the peers bring
600 MB of dependencies with versions that are not ours.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["NEWEST_NEED", "find_python", "has", "install"]

_ROOT = Path(__file__).resolve().parent.parent
_VENV = _ROOT / ".venv-peers"
_UV = _ROOT / ".tools" / "bin" / "uv"
_REQUIREMENTS = Path(__file__).resolve().parent / "peers" / "requirements.txt"
_ENVIRONMENT = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}
_ENVIRONMENT.pop("VIRTUAL_ENV", None)

NEWEST_NEED = (3, 12)
"""The Python that all the peers can be installed in; with an older one, some are missing."""


def install() -> Path:
    """Make the environment where it is missing or older than the requirements; gives its Python.

    Raises:
        OSError, subprocess.CalledProcessError: It cannot be made, say without a network.
    """
    python = _VENV / "bin" / "python"
    ready = _VENV / ".ready"
    wanted = f"{find_python()}\n{_REQUIREMENTS.read_text()}"
    if python.exists() and ready.exists() and ready.read_text() == wanted:
        return python
    _call([str(_ROOT / "scripts" / "bootstrap"), "uv"])
    _call([str(_UV), "venv", "-q", "--clear", "--python", wanted.splitlines()[0], str(_VENV)])
    command = [str(_UV), "pip", "install", "-q", "--compile-bytecode", "--python", str(python)]
    _call([*command, "-r", str(_REQUIREMENTS)])
    ready.write_text(wanted)
    return python


def _call(command: list[str]) -> None:
    subprocess.run(command, cwd=_ROOT, env=_ENVIRONMENT, check=True)


def find_python() -> str:
    """Find a Python that all the peers can be installed in; where there is none, ours."""
    for candidate in _candidates():
        found = _real_path(candidate)
        if found:
            return found
    return sys.executable


def _candidates() -> Iterator[str]:
    names = [f"python3.{minor}" for minor in (13, 12, 14)]
    yield from filter(None, map(shutil.which, names))
    versions = Path.home() / ".pyenv" / "versions"
    for name in names:
        yield from map(str, sorted(versions.glob(f"*/bin/{name}"), reverse=True))


def _real_path(candidate: str) -> str:
    """The interpreter behind `candidate`; empty where it is too old or does not start (as some of pyenv's shims)."""
    code = f"import sys\nif sys.version_info >= {NEWEST_NEED}: print(sys.executable)"
    try:
        done = subprocess.run([candidate, "-c", code], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def has(python: Path, module: str) -> bool:
    """Say whether `python` could import `module`, without the seconds that importing it takes."""
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([python, "-c", code], capture_output=True).returncode == 0


if __name__ == "__main__":
    print(install())
