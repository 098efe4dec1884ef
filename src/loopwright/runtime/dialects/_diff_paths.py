"""The names of files in unified diffs, as git writes them: prefixes, quotes, time stamps."""

from __future__ import annotations

import re

__all__ = ["DEV_NULL", "git_pair", "name", "pair"]

DEV_NULL = "/dev/null"
_ESCAPE = re.compile(r"\\([abtnvfr\"\\]|[0-7]{3})")
_LETTERS = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}
_GIT = re.compile(r'diff --git (?:("a/.*?"|a/.*?) ("b/.*"|b/.*))')


def name(text: str) -> str:
    """A name from a `---`, `+++` or `rename` line, without quotes and time stamp; its prefix stays."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        return _unquoted(text[1:-1])
    return text.split("\t")[0].rstrip()


def pair(old: str, new: str) -> tuple[str, str]:
    """Both names without git's `a/` and `b/`, which are prefixes only where both names have theirs."""
    old_prefixed = old.startswith("a/") or old == DEV_NULL
    new_prefixed = new.startswith("b/") or new == DEV_NULL
    if not (old_prefixed and new_prefixed):
        return old, new
    return old.removeprefix("a/"), new.removeprefix("b/")


def git_pair(line: str) -> tuple[str, str] | None:
    """The names of a `diff --git` line, or None. Names with spaces are told apart by being equal."""
    rest = line.removeprefix("diff --git ").rstrip()
    half = len(rest) // 2
    if rest[half : half + 1] == " " and rest[2:half] == rest[half + 3 :] and rest.startswith("a/"):
        return rest[2:half], rest[half + 3 :]
    found = _GIT.fullmatch(line.rstrip())
    return pair(name(found[1]), name(found[2])) if found else None


def _unquoted(text: str) -> str:
    """Undo git's quoting: octal escapes are bytes of UTF-8."""

    def byte(found: re.Match[str]) -> str:
        code = int(found[1], 8) & 0xFF if found[1][0].isdigit() else _LETTERS[found[1]]
        return chr(0xDC00 + code) if code > 127 else chr(code)

    return _ESCAPE.sub(byte, text).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
