"""Variables from a file `.env`, as seed 003 keeps its keys: a line `NAME=VALUE` each."""

from __future__ import annotations

import os
import re
from pathlib import Path

from loopwright.base import UsageError

__all__ = ["load_dotenv"]

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)")
_QUOTED = re.compile(r"""(["'])(.*)\1\s*(?:#.*)?""")
_COMMENT = re.compile(r"(?:^|\s)#.*")


def load_dotenv(path: Path) -> None:
    """Set the variables of a file that are not set yet; where there is no file, nothing.

    Values may stand in quotes; `#` begins a comment; nothing is replaced inside of a value.

    Raises:
        UsageError: The file cannot be read, or a line is something else. The line is not shown, as it may hold a key.
    """
    if not path.exists():
        return
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("the file of variables cannot be read", where=str(path), remedy="Mend it.") from error
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            name, value = _variable(line.strip(), f"{path}:{number}")
            os.environ.setdefault(name, value)


def _variable(line: str, where: str) -> tuple[str, str]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise UsageError("the line is not NAME=VALUE", where=where, remedy="Write it so, or as a comment with #.")
    name, text = found.groups()
    quoted = _QUOTED.fullmatch(text)
    value = quoted[2] if quoted is not None else _COMMENT.sub("", text).strip()
    if "\0" in value:
        raise UsageError("a value cannot hold a NUL", where=where, remedy="Take it out.")
    return name, value
