"""A folder with a profile, a scripted model, an instruction and somebody's own files, and the command on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

PROFILE = """\
version: 2
providers: {default_model: openai/m, models: [{id: "*", adapter: openai_chat}]}
prompts: {tool_prompt_mode: none}
"""
REPLIES = """\
  - say: Working.
    calls:
      - edit: {path: a.txt, old: one, new: ONE}
      - shell: rm sub/b.txt; mkdir -p x/y; echo new > x/y/z.sh; chmod +x x/y/z.sh
  - say: I changed a.txt.
  - say: And now c.txt.
    calls: [{write: {path: c.txt, text: "c\\n"}}]
  - say: Second done.
"""


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def facts(self) -> dict[str, Any]:
        """The answer of `--json`."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass
class Stage:
    """Where the command is tried."""

    folder: Path

    @property
    def files(self) -> Path:
        return self.folder / "mine"

    def profile(self, more: str = "") -> Path:
        path = self.folder / "profile.yaml"
        path.write_text(PROFILE + more)
        return path

    def script(self, replies: str = REPLIES, name: str = "script") -> str:
        path = self.folder / f"{name}.yaml"
        path.write_text(f"version: 1\nname: {name}\nreplies:\n{replies}")
        return f"scripted:{path}"

    def task(self, text: str = "Change a.txt.\n") -> Path:
        path = self.folder / "do this.md"
        path.write_text(text)
        return path

    def own_files(self) -> Path:
        """Somebody's folder: a repository, an executable file, a private one, a link, a pipe."""
        (self.files / "sub").mkdir(parents=True)
        (self.files / ".git").mkdir()
        (self.files / ".git" / "config").write_text("secret")
        (self.files / "a.txt").write_text("one\n")
        (self.files / "a.txt").chmod(0o600)
        (self.files / "sub" / "b.txt").write_text("two\n")
        (self.files / "link").symlink_to("a.txt")
        os.mkfifo(self.files / "pipe")
        return self.files

    def __call__(self, *words: str | Path, stdin: str = "", env: dict[str, str] | None = None) -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "loopwright", *map(str, words)],
            input=stdin.encode(),
            capture_output=True,
            env={**_quiet(), "LOOPWRIGHT_HOME": str(self.folder / "home"), **(env or {})},
            cwd=self.folder,
            timeout=300,
            check=False,
        )
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())

    def agent(self, *words: str | Path, more: str = "", replies: str = REPLIES, stdin: str = "") -> Said:
        """`loopwright agent` on the instruction, with a scripted model."""
        given: list[str | Path] = ["--task", self.task(), "--model", self.script(replies)]
        return self("agent", self.profile(more), *given, *words, stdin=stdin)


def _quiet() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}


def fingerprint(folder: Path) -> dict[str, tuple[int, str]]:
    """Mode and content of everything in a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        info, text = path.lstat(), ""
        if path.is_file() and not path.is_symlink():
            text = path.read_text()
        found[path.relative_to(folder).as_posix()] = (info.st_mode, text)
    return found
