"""Which paths are never recorded: only what programs rebuild by themselves, never a user's source.

The workspace's own `.gitignore` is deliberately not read: an agent's patterns for build products have swallowed
sources before (`test_*` takes `src/test_utils.rs`), and the grader would then build another tree than the agent did.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from loopwright.base import UsageError

__all__ = ["MARKERS", "IgnoreRules", "git_refuses", "marks_ignored"]

_FOLDERS = frozenset(
    (
        b"__pycache__",
        b".pytest_cache",
        b".mypy_cache",
        b".ruff_cache",
        b".hypothesis",
        b"node_modules",
    )
)
_CACHE_TAG = b"CACHEDIR.TAG"
_VENV_TAG = b"pyvenv.cfg"
MARKERS = frozenset((_CACHE_TAG, _VENV_TAG))
"""Files that can make the folder around them ignored."""

# The signature that https://bford.info/cachedir/ defines.
_CACHE_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"
_VENV_HOME = re.compile(rb"^\s*home\s*=", re.MULTILINE)
# Code points that HFS+ ignores in names; git folds them away before it compares a name with `.git`.
_HFS_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")


class IgnoreRules:
    """The built-in rules plus the globs of a policy."""

    def __init__(self, globs: tuple[str, ...] = ()) -> None:
        self._globs = [_compile(glob) for glob in globs]

    def ignores(self, name: bytes, is_folder: bool, path: Callable[[], bytes]) -> bool:
        """Whether the entry `name` is left out; `path` gives its full path and is called only where a glob asks."""
        if name == b".git" or (name in _FOLDERS if is_folder else name.endswith(b".pyc")):
            return True
        if not self._globs:
            return False
        full = os.fsdecode(path())
        return any(glob.fullmatch(full) and (is_folder or not only_folder) for glob, only_folder in self._globs)


def marks_ignored(name: bytes, folder_fd: int) -> bool:
    """Whether the marker file `name` in the open folder is genuine: a cache tag, or a virtual environment's config."""
    head = _head(name, folder_fd)
    if name == _CACHE_TAG:
        return head.startswith(_CACHE_SIGNATURE)
    return name == _VENV_TAG and _VENV_HOME.search(head) is not None


def _head(name: bytes, folder_fd: int) -> bytes:
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder_fd)
    except OSError:
        return b""
    try:
        return os.read(handle, 4096)
    except OSError:
        return b""
    finally:
        os.close(handle)


def git_refuses(name: bytes, is_link: bool) -> bool:
    """Whether git would refuse to check the name out because some file system reads it as `.git`.

    `.git` itself is ignored before this is asked. The rule is git's own (`verify_path`): any case, the short
    name `git~1`, ignorable Unicode, trailing dots and spaces, and a link called `.gitmodules`.
    """
    if name[:1] not in b".gG" and name.isascii():
        return False
    text = _HFS_IGNORED.sub("", name.decode("utf-8", "surrogateescape")).casefold()
    stem = re.split(r"[:\\]", text, maxsplit=1)[0].rstrip(" .")
    return stem in (".git", "git~1") or (is_link and stem == ".gitmodules")


def _compile(glob: str) -> tuple[re.Pattern[str], bool]:
    only_folder = glob.endswith("/")
    body = glob.strip("/")
    if not body:
        raise UsageError(
            "An ignore pattern is empty and would leave out everything.", where=repr(glob), remedy="Remove it."
        )
    prefix = "" if "/" in glob.rstrip("/") else "(?:.*/)?"
    return re.compile(prefix + _translate(body), re.DOTALL), only_folder


def _translate(glob: str) -> str:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(wild.get(part, re.escape(part)) for part in parts)
