"""Errors that speak to the person: what was wrong, where, and what to type next."""

from __future__ import annotations

__all__ = ["LoopwrightError", "MachineError", "UsageError"]


class LoopwrightError(Exception):
    """Something went wrong that a person can act on.

    Args:
        what: One sentence without a trailing newline: what is wrong.
        where: The file, key or line that it is about, if any.
        remedy: What to type or change next, if known.

    The command line prints the three parts and exits with `exit_code`.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        if not self.remedy:
            return f"{place}{self.what}"
        stop = "" if self.what.endswith((".", "!", "?", ":")) else "."
        return f"{place}{self.what}{stop} {self.remedy}"


class UsageError(LoopwrightError):
    """The command, a flag, or a file that a person wrote is wrong (exit code 2)."""

    exit_code = 2


class MachineError(LoopwrightError):
    """This machine lacks something: a tool, isolation, a key, disk space (exit code 3)."""

    exit_code = 3
