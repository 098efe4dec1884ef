"""What came of an edit: what was changed and how it was found, or everything that is wrong, for the model to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from loopwright.base import UsageError, clip, printable
from loopwright.runtime.edits.commit import Undo

__all__ = ["Changed", "EditError", "EditReport", "Matched", "Problem", "report_text"]

_MOST_PROBLEMS = 6
_WIDTH = 200


class Matched(Struct, frozen=True):
    """How one hunk was found: the rung of the ladder, its first line in the old file, how many places it changed."""

    rung: str
    line: int
    places: int = 1


class Changed(Struct, frozen=True):
    """What was done to one file; `line` is the first changed line of the new file, `moved_from` its old path.

    It is `kept` where a whole file was written that is so already.
    """

    path: str
    what: Literal["created", "updated", "kept", "deleted", "moved"]
    line: int | None = None
    hunks: tuple[Matched, ...] = ()
    moved_from: str | None = None


class EditReport(Struct, frozen=True):
    """An edit that was done whole, or would be (`dry_run`).

    Attributes:
        changed: What was done, file by file.
        undo: How to take it back, with `revert`.
        text: The same for the model, a line a file.
    """

    changed: tuple[Changed, ...]
    undo: Undo
    text: str
    dry_run: bool = False


class Problem(Struct, frozen=True):
    """One thing that is wrong with an edit.

    Attributes:
        where: The file, and the hunk of how many.
        what: What is wrong.
        remedy: What to do next.
        near: Lines of the file that may be meant, with their numbers; empty for none.
        kind: For the record: `missing`, `ambiguous`, `overlap`, `path`, `content`.
    """

    where: str
    what: str
    remedy: str
    kind: Literal["missing", "ambiguous", "overlap", "path", "content"]
    near: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{clip(printable(self.where), _WIDTH)}: {printable(self.what)}. {self.remedy}".rstrip()
        if not self.near:
            return text
        return "\n".join([text, "The nearest lines there are:", *(clip(printable(line), _WIDTH) for line in self.near)])


class EditError(UsageError):
    """An edit that cannot be done. No file was changed.

    Attributes:
        problems: Everything that is wrong with it.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        shown = [str(problem) for problem in self.problems[:_MOST_PROBLEMS]]
        if len(self.problems) > _MOST_PROBLEMS:
            shown.append(f"... and {len(self.problems) - _MOST_PROBLEMS} more")
        super().__init__("\n".join(["The edit was not applied and no file was changed.", *shown]))


def report_text(changed: Sequence[Changed], *, dry_run: bool) -> str:
    """Say what was done, a line a file, with what each hunk needed to be found."""
    lines = [printable(_line(one)) for one in changed]
    return "\n".join(["Nothing was written; this edit would do:", *lines] if dry_run else lines)


def _line(changed: Changed) -> str:
    source = f" from {changed.moved_from}" if changed.moved_from else ""
    place = f", first at line {changed.line}" if changed.line else ""
    hunks = len(changed.hunks)
    count = f" ({hunks} hunk{'s' * (hunks > 1)}{place})" if hunks else ""
    loose = [
        f"hunk {number} was found in spite of its {match.rung} (line {match.line})"
        for number, match in enumerate(changed.hunks, 1)
        if match.rung != "exact"
    ]
    return f"{changed.what} {changed.path}{source}{count}" + "".join(f"; {note}" for note in loose)
