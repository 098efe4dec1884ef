"""Which tests a test path names."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from loopwright.harness._listing import Declared

__all__ = ["normal_path", "select", "unknown_path"]

_GLOB = frozenset("*?[")


def normal_path(path: str) -> str:
    """The path without what people type around it: spaces, a leading `./` or `/`, a closing `/`."""
    before = None
    while path != before:
        before = path
        path = path.strip().strip("/").removeprefix("./")
    return "" if path == "." else path


def select(tests: Sequence[Declared], path: str) -> tuple[Declared, ...]:
    """The tests that `path` names, in the order of declaration.

    "" is all of them; an exact id is that test; `basics` or `basics/loops` is everything below it; a path with
    `*`, `?` or `[` is matched against whole ids, `*` across `/` too.
    """
    path = normal_path(path)
    if not path:
        return tuple(tests)
    if _GLOB & set(path):
        return tuple(test for test in tests if fnmatchcase(test.id, path))
    below = path + "/"
    return tuple(test for test in tests if test.id == path or test.id.startswith(below))


def unknown_path(tests: Sequence[Declared], path: str) -> str:
    """One sentence that says that nothing has this path, and what is near."""
    near = get_close_matches(normal_path(path), _prefixes(tests), n=5, cutoff=0.5)
    if near:
        return f"no test matches {path!r}; nearest: {', '.join(near)}"
    suites = list(dict.fromkeys(test.suite for test in tests))
    if not suites:
        return f"no test matches {path!r}; there is no suite that may be seen" if path else "there are no tests to run"
    return f"no test matches {path!r}; suites: {', '.join(suites)}"


def _prefixes(tests: Sequence[Declared]) -> list[str]:
    found: dict[str, None] = {}
    for test in tests:
        parts = test.id.split("/")
        for depth in range(1, len(parts) + 1):
            found["/".join(parts[:depth])] = None
    return list(found)
