"""What a profile allows a shell and an edit to do. Denying wins; what cannot be told counts as denied."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Literal

from msgspec import Struct

from loopwright.base import one_line
from loopwright.runtime.names import plain_name
from loopwright.runtime.rules._bash import read_command
from loopwright.runtime.rules._programs import UNKNOWN, Words
from loopwright.runtime.rules.verdicts import ALLOWED, Verdict, deny

__all__ = ["Permission", "judge_shell", "judge_writes"]


_SYSTEM = ("/bin", "/sbin", "/usr/bin", "/usr/local/bin", "/usr/sbin")


class Permission(Struct, frozen=True):
    """Globs that are denied, globs that are allowed, and what holds for all else.

    For commands, a glob without a space is a program's name (`rm`), one with a space the whole command (`git push *`).
    A name that is allowed means the program on the PATH of the system, not a file of that name.
    For files, a glob is a path relative to the workspace (`src/*`, `*.lock`), where `*` also crosses slashes.
    """

    default: Literal["allow", "deny"] = "allow"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    @property
    def restricts(self) -> bool:
        """Whether anything at all is forbidden."""
        return self.default == "deny" or bool(self.deny)


def judge_shell(
    command: str, shell: Permission, files: Permission, located: Callable[[str], str] = plain_name
) -> Verdict:
    """Whether a bash command may run: every program that its text would start, and every file it would write to.

    Programs can do what they like once they run, and a script file is one program; a permission is a guard rail, and
    the sandbox is the wall. `located` gives the name of a file, relative to the workspace, links followed.
    """
    if not (shell.restricts or files.restricts):
        return ALLOWED
    reading = read_command(command)
    for words in reading.commands if shell.restricts else ():
        verdict = _judge_program(words, shell)
        if verdict.decision == "deny":
            return verdict
    for words in reading.perhaps if shell.restricts else ():
        hit = _denied_by(words, shell)
        if hit is not None:
            return deny("permissions.shell.denylist", f"`{_shown(words[:1])}` is forbidden here (by `{hit}`)")
    doubts = (*reading.unclear, *(reading.vague if shell.default == "deny" else ()))
    if doubts:
        what = "programs are" if shell.restricts else "files are"
        return deny("permissions.shell", f"the command holds {doubts[0]}, and {what} restricted here")
    return judge_writes((located(path) for path in reading.writes if not _device(path)), files)


def _judge_program(words: Words, permission: Permission) -> Verdict:
    shown = _shown(words)
    hit = _denied_by(words, permission)
    if hit is not None:
        return deny("permissions.shell.denylist", f"`{shown}` is forbidden here (by `{hit}`)")
    if permission.default == "deny" and not any(_allows(words, glob) for glob in permission.allow):
        allowed = ", ".join(f"`{glob}`" for glob in permission.allow) or "none"
        return deny("permissions.shell.default", f"`{shown}` is not among the commands allowed here: {allowed}")
    return ALLOWED


def _shown(words: Words) -> str:
    return one_line(" ".join("..." if word == UNKNOWN else word for word in words), 80)


def _denied_by(words: Words, permission: Permission) -> str | None:
    return next((glob for glob in permission.deny if _matches(words, glob) or _may_match(words, glob)), None)


def _allows(words: Words, glob: str) -> bool:
    name = words[0]
    at_home = "/" not in name or posixpath.dirname(name) in _SYSTEM
    return fnmatchcase(name, glob) or (at_home and _matches(words, glob))


def _matches(words: Words, glob: str) -> bool:
    name = posixpath.basename(words[0])
    if " " not in glob:
        return fnmatchcase(name, glob) or fnmatchcase(words[0], glob)
    text = " ".join((name, *words[1:]))
    return fnmatchcase(text, glob) or (glob.endswith(" *") and text == glob[:-2])


def _may_match(words: Words, glob: str) -> bool:
    """Whether a word that is not known yet may make this the command that a glob of several words means."""
    if " " not in glob or UNKNOWN not in words:
        return False
    known = (posixpath.basename(words[0]), *words[1 : words.index(UNKNOWN)])
    for word, piece in zip(known, glob.split(" "), strict=False):
        if "*" in piece:
            return True
        if not fnmatchcase(word, piece):
            return False
    return True


def judge_writes(paths: Iterable[str], permission: Permission) -> Verdict:
    """Whether all of these files, relative to the workspace, may be written, moved or deleted."""
    if not permission.restricts:
        return ALLOWED
    for path in paths:
        name = plain_name(path)
        hit = next((glob for glob in permission.deny if fnmatchcase(name, glob)), None)
        if hit is not None:
            return deny("permissions.file_write.denylist", f"{name} must not be changed (by `{hit}`)")
        if permission.default == "deny" and not any(fnmatchcase(name, glob) for glob in permission.allow):
            allowed = ", ".join(f"`{glob}`" for glob in permission.allow) or "none"
            return deny("permissions.file_write.default", f"{name} is not among the files that may change: {allowed}")
    return ALLOWED


def _device(path: str) -> bool:
    return path in ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty") or path.isdigit()
