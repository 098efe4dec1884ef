"""The environment of sandboxed programs: a short list, never the host's."""

from __future__ import annotations

from collections.abc import Mapping

from loopwright.base import UsageError
from loopwright.sandbox.protocol import Command, SandboxSpec

__all__ = ["inside_environment", "refuse_nul"]


def inside_environment(
    spec: SandboxSpec, command: Command, path: tuple[str, ...], home: str, temp: str
) -> dict[str, str]:
    """Put together the whole environment of a program.

    Args:
        path: Folders of PATH, all of which exist where the program runs.
        home: HOME there.
        temp: TMPDIR there.

    Raises:
        UsageError: A name is empty or holds `=`, or a value holds a NUL.
    """
    base = {
        "PATH": ":".join(path),
        "HOME": home,
        "USER": "agent",
        "LOGNAME": "agent",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
        "TMPDIR": temp,
    }
    whole: Mapping[str, str] = {**base, **spec.env, **command.env}
    for name, value in whole.items():
        if not name or "=" in name:
            raise UsageError("The name of an environment variable is empty or holds `=`.", where=repr(name))
        refuse_nul(name, value)
    return dict(whole)


def refuse_nul(*words: str) -> None:
    """Raise a UsageError for a word that no program can be given."""
    for word in words:
        if "\0" in word:
            raise UsageError("Arguments and environment variables cannot hold a NUL byte.", where=repr(word[:80]))
