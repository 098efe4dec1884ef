"""What a profile allows a shell and an edit to do. Denying wins; what cannot be told counts as denied."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Literal

from msgspec import Struct

from loopwright.base import one_line
from loopwright.runtime.rules._bash import Words, read_command
from loopwright.runtime.rules.verdicts import ALLOWED, Verdict, deny

__all__ = ["Permission", "judge_shell", "judge_writes"]


class Permission(Struct, frozen=True):
    """Globs that are denied, globs that are allowed, and what holds for all else.

    For commands, a glob without a space is a program's name (`rm`), one with a space the whole command (`git push *`).
    For files, a glob is a path relative to the workspace (`src/*`, `*.lock`), where `*` also crosses slashes.
    """

    default: Literal["allow", "deny"] = "allow"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    @property
    def restricts(self) -> bool:
        """Whether anything at all is forbidden."""
        return self.default == "deny" or bool(self.deny)


def judge_shell(command: str, shell: Permission, files: Permission) -> Verdict:
    """Whether a bash command may run: every program that its text would start, and every file it would write to.

    Programs can do what they like once they run, and a script file is one program; a permission is a guard rail, and
    the sandbox is the wall.
    """
    if not (shell.restricts or files.restricts):
        return ALLOWED
    reading = read_command(command)
    for words in reading.commands if shell.restricts else ():
        verdict = _judge_program(words, shell)
        if verdict.decision == "deny":
            return verdict
    for words in reading.perhaps:
        hit = _denied_by(words, shell)
        if hit is not None:
            return deny("permissions.shell.denylist", f"`{words[0]}` is forbidden here (by `{hit}`)")
    if reading.unclear:
        return deny("permissions.shell", f"the command holds {reading.unclear[0]}, and programs are restricted here")
    return judge_writes((path for path in reading.writes if not _device(path)), files)


def _judge_program(words: Words, permission: Permission) -> Verdict:
    shown = one_line(" ".join(words), 80)
    hit = _denied_by(words, permission)
    if hit is not None:
        return deny("permissions.shell.denylist", f"`{shown}` is forbidden here (by `{hit}`)")
    if permission.default == "deny" and not any(_matches_command(words, glob) for glob in permission.allow):
        allowed = ", ".join(f"`{glob}`" for glob in permission.allow) or "none"
        return deny("permissions.shell.default", f"`{shown}` is not among the commands allowed here: {allowed}")
    return ALLOWED


def _denied_by(words: Words, permission: Permission) -> str | None:
    return next((glob for glob in permission.deny if _matches_command(words, glob)), None)


def _matches_command(words: Words, glob: str) -> bool:
    name = posixpath.basename(words[0])
    if " " not in glob:
        return fnmatchcase(name, glob) or fnmatchcase(words[0], glob)
    text = " ".join((name, *words[1:]))
    return fnmatchcase(text, glob) or (glob.endswith(" *") and text == glob[:-2])


def judge_writes(paths: Iterable[str], permission: Permission) -> Verdict:
    """Whether all of these files, relative to the workspace, may be written, moved or deleted."""
    if not permission.restricts:
        return ALLOWED
    for path in paths:
        name = posixpath.normpath(path.removeprefix("/workspace/"))
        hit = next((glob for glob in permission.deny if fnmatchcase(name, glob)), None)
        if hit is not None:
            return deny("permissions.file_write.denylist", f"{name} must not be changed (by `{hit}`)")
        if permission.default == "deny" and not any(fnmatchcase(name, glob) for glob in permission.allow):
            allowed = ", ".join(f"`{glob}`" for glob in permission.allow) or "none"
            return deny("permissions.file_write.default", f"{name} is not among the files that may change: {allowed}")
    return ALLOWED


def _device(path: str) -> bool:
    return path in ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty") or path.isdigit()
