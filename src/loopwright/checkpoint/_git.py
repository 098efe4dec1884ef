"""Run the git program where it is the best tool (bundles, clones, patches), deaf to everybody's configuration."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from loopwright.base import MachineError, one_line

__all__ = ["GitFailed", "git"]

_SETTINGS = (
    "safe.directory=*",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=true",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
    "protocol.file.allow=always",
)


class GitFailed(MachineError):
    """Git ended with an error; `text` is what it said. Callers that know why say it better."""

    def __init__(self, code: int, text: str, repo: Path) -> None:
        super().__init__(f"git ended with {code}: {one_line(text)}", where=str(repo))
        self.text = text


def git(arguments: list[str], *, repo: Path, stdin: bytes = b"") -> bytes:
    """Run git in `repo` and return what it printed.

    Raises:
        GitFailed: It ended with an error.
        MachineError: It is not installed.
    """
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    try:
        done = subprocess.run(
            ["git", *settings, *arguments], cwd=repo, input=stdin, env=_environment(), capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise MachineError("git is not installed.", remedy="Install it with `apt-get install git`.") from error
    if done.returncode:
        raise GitFailed(done.returncode, done.stderr.decode("utf-8", "replace").strip(), repo)
    return done.stdout


def _environment() -> dict[str, str]:
    kept = {name: value for name in ("PATH", "TMPDIR") if (value := os.environ.get(name))}
    return kept | {
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_ATTR_NOSYSTEM": "1",
    }
