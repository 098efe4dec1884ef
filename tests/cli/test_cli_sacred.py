"""A run that is started inside a person's repository leaves it byte for byte as it was."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def _git(repository: Path, *words: str) -> bytes:
    identity = ("-c", "user.name=a", "-c", "user.email=a@a")
    done = subprocess.run(["git", *identity, *words], cwd=repository, capture_output=True, check=True)
    return done.stdout


def _fingerprint(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Mode, modification time and content of every file, the run's home left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if ".loopwright" in path.parts or path.is_dir():
            continue
        info = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(folder))] = (info.st_mode, info.st_mtime_ns, content)
    return found


def test_the_users_repository_is_untouched(loopwright: Any, tiny_task: Path, tiny_script: Path, tmp_path: Path) -> None:
    repository = tmp_path / "mine"
    repository.mkdir()
    _git(repository, "init", "-q")
    (repository / "work.txt").write_text("committed\n")
    _git(repository, "add", ".")
    _git(repository, "commit", "-qm", "mine")
    (repository / "work.txt").write_text("not committed\n")
    before = _fingerprint(repository)

    tiny_script.write_text(tiny_script.read_text().replace("- shell: ls", "- shell: git init -q . && git status"))
    home = {"LOOPWRIGHT_HOME": str(repository / ".loopwright")}
    words = ("run", "--task", tiny_task, "--model", f"scripted:{tiny_script}")
    said = loopwright(*words, env=home, cwd=repository)
    assert said.code == 0, said.out + said.err
    for command in (
        ("graph", "latest", "--output", tmp_path / "o"),
        ("verify", "latest"),
        ("diff", "latest", "0", "9"),
    ):
        assert loopwright(*command, env=home, cwd=repository).code == 0

    assert _fingerprint(repository) == before
    assert _git(repository, "status", "--porcelain") == b" M work.txt\n"
