"""The rules of the house that no linter knows: file sizes, unfinished places, names that do not belong in a file."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_MOST_LINES = 400
_UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b|pragma: no cover|pytest\.mark\.skip\b")
# A lock file or a page that names a package host would tie everybody to it.
_HOSTS = re.compile(r"https?://[\w.-]*(pypi|pythonhosted|npmjs)\.[a-z]+", re.IGNORECASE)


def _tracked() -> list[Path]:
    said = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=_ROOT, capture_output=True, check=True)
    return [_ROOT / name for name in said.stdout.decode().splitlines()]


def _problems(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, FileNotFoundError):
        return []
    name = path.relative_to(_ROOT).as_posix()
    found = [f"{name}: names a package host: {hit.group()}" for hit in _HOSTS.finditer(text)]
    if path.name == "uv.lock":
        found.append(f"{name}: names package hosts; use requirements.lock")
    if path.suffix == ".py" and path != Path(__file__).resolve():
        found += _python_problems(name, text)
    return found


def _python_problems(name: str, text: str) -> list[str]:
    lines = text.splitlines()
    found = []
    if len(lines) > _MOST_LINES:
        found.append(f"{name}: {len(lines)} lines; is there a second thing in it that wants a room of its own?")
    for number, line in enumerate(lines, 1):
        if _UNFINISHED.search(line):
            found.append(f"{name}:{number}: unfinished: {line.strip()}")
    return found


def main() -> int:
    """Print every breach; 1 where there is one."""
    problems = [problem for path in _tracked() for problem in _problems(path)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
