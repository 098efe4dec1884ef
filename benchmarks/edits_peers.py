"""The edit engines of others, as `edits.py` drives them: aider's coders in a Python of their own, Codex's program."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Aider", "Codex", "install", "peers"]

_ROOT = Path(__file__).resolve().parent.parent
_HERE = Path(__file__).resolve().parent / "peers"
_VENV = _ROOT / ".venv-peers" / "edits"
_UV = _ROOT / ".tools" / "bin" / "uv"
_CODEX = "import codex_cli_bin; print(codex_cli_bin.bundled_codex_path())"


def install() -> Path:
    """Make the environment where it is missing or has other versions; gives its Python.

    Raises:
        OSError, subprocess.CalledProcessError: It cannot be made: there is no Python 3.10 to 3.12, or no network.
    """
    python, ready, wanted = _VENV / "bin" / "python", _VENV / ".ready", (_HERE / "edits.txt").read_text()
    if python.exists() and ready.exists() and ready.read_text() == wanted:
        return python
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}
    environment.pop("VIRTUAL_ENV", None)
    install = [str(_UV), "pip", "install", "-q", "--compile-bytecode", "--python", str(python)]
    for command in (
        [str(_ROOT / "scripts" / "bootstrap"), "uv"],
        [str(_UV), "venv", "-q", "--clear", "--python", sys.executable, str(_VENV)],
        [*install, "-r", str(_HERE / "edits.txt")],
    ):
        subprocess.run(command, cwd=_ROOT, env=environment, check=True)
    ready.write_text(wanted)
    return python


@contextmanager
def peers() -> Iterator[list[Aider | Codex]]:
    """Install the other engines, start them, and end them."""
    python = install()
    said = subprocess.run([python, "-c", _CODEX], capture_output=True, text=True, check=True)
    home = Path(tempfile.mkdtemp(prefix="loopwright-peers-"))
    # No model is asked, and nothing is to be looked up: a proxy that nobody runs makes every attempt fail at once.
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "OPENAI_API_KEY": "none", "AIDER_ANALYTICS": "false"}
    environment["HTTPS_PROXY"] = environment["HTTP_PROXY"] = "http://127.0.0.1:9"
    aider = Aider(python, environment)
    try:
        yield [aider, Codex(said.stdout.strip(), environment)]
    finally:
        aider.close()
        shutil.rmtree(home, ignore_errors=True)


class Aider:
    """aider's coders `diff`, `udiff` and `patch`, with every question answered yes."""

    name = "aider"
    dialects = ("aider_diff", "unified_diff", "opencode_patch")

    def __init__(self, python: Path, environment: dict[str, str]) -> None:
        command = [str(python), str(_HERE / "aider_apply.py")]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=environment["HOME"]
        )

    def apply(self, folder: Path, dialect: str, text: str) -> bool:
        """Apply a reply to the files of a folder; whether aider takes it as done."""
        if dialect == "unified_diff":  # its own prompt asks for paths without a/ and b/
            text = text.replace("\n--- a/", "\n--- ").replace("\n+++ b/", "\n+++ ")
        files = [str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.is_file()]
        request = {"folder": str(folder), "dialect": dialect, "text": text, "files": files}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return bool(json.loads(self._process.stdout.readline())["done"])

    def close(self) -> None:
        """End the process."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(timeout=20)


class Codex:
    """The program that Codex runs for its tool `apply_patch`."""

    name = "codex"
    dialects = ("opencode_patch",)

    def __init__(self, program: str, environment: dict[str, str]) -> None:
        self._command = [program, "--codex-run-as-apply-patch"]
        self._environment = environment

    def apply(self, folder: Path, dialect: str, text: str) -> bool:
        """Apply a patch to the files of a folder; whether Codex says that it succeeded."""
        done = subprocess.run([*self._command, text], cwd=folder, env=self._environment, capture_output=True)
        return done.returncode == 0
