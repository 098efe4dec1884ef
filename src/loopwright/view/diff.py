"""A unified diff in colours, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.base import printable

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["diff_view"]

_HEADERS = ("diff --git ", "index ", "--- ", "+++ ", "new ", "deleted ", "rename ", "similarity ", "old ")
_STYLES = {"+": "green", "-": "red", "@": "cyan", "\\": "dim"}


def diff_view(text: str) -> Text:
    """Colour a diff as `git diff` writes it; long lines are left to the terminal, from which they can be copied whole.

    Control characters are made visible, so the result is for reading and not for `patch`.
    """
    from rich.text import Text

    shown = Text(no_wrap=True, overflow="ignore")
    in_hunk = False
    for line in printable(text).splitlines():
        # Inside a hunk a line that begins with `--- ` is a removed line, not a header.
        in_hunk = line.startswith("@@") or (in_hunk and not line.startswith("diff --git "))
        header = not in_hunk and line.startswith(_HEADERS)
        shown.append(f"{line}\n", "bold" if header else _STYLES.get(line[:1], "") if in_hunk else "")
    shown.rstrip()
    return shown
