"""Reading the sections and hunks of a unified diff, line by line, into typed operations."""

from __future__ import annotations

import re

from loopwright.runtime.dialects._diff_lines import HunkLines
from loopwright.runtime.dialects._diff_paths import DEV_NULL, git_pair, name, pair
from loopwright.runtime.dialects.dialect import Fault, ParseOptions
from loopwright.runtime.dialects.source import Line, Source
from loopwright.runtime.edits.operations import Create, Delete, Move, Operation, Update

__all__ = ["DiffReader"]

_HUNK = re.compile(r"@@+(?: -(\d{1,9})(?:,(\d{1,9}))? \+\d{1,9}(?:,(\d{1,9}))?)?([^@]*)(?:@@+(.*))?")
_PATH_LIKE = re.compile(r"a/|/dev/null|\S*[./]\S*\s*$")
_IGNORED = (
    "index ",
    "similarity index",
    "dissimilarity index",
    "Index: ",
    "====",
    "new file mode",
    "deleted file mode",
)
_UNABLE = {
    "copy from": "a new file instead of a copy",
    "GIT binary patch": "text: a binary file is changed with the shell",
    "Binary files": "text: a binary file is changed with the shell",
    "old mode": "a diff without modes: a file's mode is changed with the shell",
    "new mode": "a diff without modes: a file's mode is changed with the shell",
    "new file mode 100755": "new file mode 100644: a file is made executable with the shell",
    "new file mode 120000": "new file mode 100644: a link is made with the shell",
}


class _Section:
    """What a diff says of one file."""

    def __init__(self, at: int, git: tuple[str, str] | None = None) -> None:
        self.at = at
        self.git = git
        self.old = self.new = ""
        self.renamed_from = self.renamed_to = ""
        self.is_new = self.is_deleted = False
        self.hunks: list[HunkLines] = []

    def awaits(self, old: str, new: str) -> bool:
        """Whether these `---` and `+++` lines belong to the `diff --git` line of this section."""
        if self.git is None or self.old or self.hunks:
            return False
        names = pair(name(old[4:]), name(new[4:]))
        return all(found in (said, DEV_NULL) for found, said in zip(names, self.git, strict=True))


class DiffReader:
    """Reads one diff.

    Attributes:
        end: Where it ends, after `read`.
    """

    def __init__(self, source: Source, options: ParseOptions, stop: int | None) -> None:
        """Read up to `stop`, the end of a fence, or else up to the first line that cannot belong to the diff."""
        self.end = 0
        self._source = source
        self._options = options
        self._stop = stop
        self._sections: list[_Section] = []

    def read(self, start: int) -> list[Operation]:
        """The operations of the diff that starts at `start`.

        Raises:
            Fault: Nothing of it may be done.
        """
        self.end = start
        for line in self._source.lines(start, self._stop):
            if not self._take(line):
                break
            if line.text.strip():
                self.end = line.next
        if not self._sections:
            raise Fault(start, self._source.line(start).text, "--- a/path and +++ b/path before the first @@")
        return [operation for section in self._sections for operation in self._operations(section)]

    def _take(self, line: Line) -> bool:
        """Take a line; False where the diff is over."""
        section = self._sections[-1] if self._sections else None
        hunk = section.hunks[-1] if section and section.hunks else None
        if self._begins_section(line):
            return True
        if section and line.text.startswith("@@"):
            section.hunks.append(self._hunk(line))
            return True
        if section is None:
            if line.text.startswith("@@"):
                raise Fault(line.start, line.text, "--- a/path and +++ b/path before the first @@")
            return self._header(_Section(line.start), line)
        return self._hunk_line(hunk, line) if hunk else self._header(section, line)

    def _begins_section(self, line: Line) -> bool:
        if line.text.startswith("diff --git "):
            git = git_pair(line.text)
            if git is None:
                raise Fault(line.start, line.text, "diff --git a/path b/path")
            self._sections.append(_Section(line.start, git))
            return True
        if not line.text.startswith("--- ") or not self._names_follow(line):
            return False
        if not (self._sections and self._sections[-1].awaits(line.text, self._source.line(line.next).text)):
            self._sections.append(_Section(line.start))
        self._sections[-1].old = name(line.text[4:])
        return True

    def _names_follow(self, line: Line) -> bool:
        """Whether `---` is a header, with `+++` below. In a hunk it may be a removed `-- x`, above an added `++ y`."""
        second = self._source.line(line.next)
        if not second.text.startswith("+++ "):
            return False
        hunks = self._sections[-1].hunks if self._sections else []
        if not hunks:
            return True
        if not (hunks[-1].is_complete or _PATH_LIKE.match(line.text, 4)):
            return False
        third = self._source.line(second.next)
        is_over = third.start >= (len(self._source.text) if self._stop is None else self._stop)
        return third.text.startswith("@@") or (is_over and second.text.endswith(DEV_NULL))

    def _header(self, section: _Section, line: Line) -> bool:
        text = line.text
        for prefix, expected in _UNABLE.items():
            if text.startswith(prefix):
                raise Fault(line.start, text, expected)
        section.is_new |= text.startswith("new file mode")
        section.is_deleted |= text.startswith("deleted file mode")
        if text.startswith("+++ ") and section.old:
            section.new = name(text[4:])
        elif text.startswith("rename from "):
            section.renamed_from = name(text[12:])
        elif text.startswith("rename to "):
            section.renamed_to = name(text[10:])
        elif text.strip() and not text.startswith(_IGNORED):
            if self._stop is None:
                return False
            raise Fault(line.start, text, "a header of a diff: --- a/path, +++ b/path, @@")
        return True

    @staticmethod
    def _hunk(line: Line) -> HunkLines:
        found = _HUNK.fullmatch(line.text)
        if not found:
            return HunkLines()
        heading = (found[5] or "").strip() or found[4].strip(" .")
        anchors = (heading,) if heading else ()
        if found[1] is None:
            return HunkLines(anchors)
        old, new = int(found[2] or 1), int(found[3] or 1)
        return HunkLines(anchors, int(found[1]) + (old == 0), old, new)

    def _hunk_line(self, hunk: HunkLines, line: Line) -> bool:
        """Take a line of a hunk. A raw diff ends where a line has no mark, or is empty and not needed."""
        text = line.text
        if text.startswith("\\"):
            hunk.at_end = True
            hunk.no_newline |= hunk.last_mark in ("+", " ")
            return True
        if self._stop is None and not text.startswith(("+", "-", " ")):
            below = self._source.line(line.next).text
            if text or hunk.is_complete or not below.startswith(("+", "-", " ", "@@")):
                return not text and below.startswith(("diff --git ", "--- "))
        hunk.add(text)
        return True

    def _operations(self, section: _Section) -> list[Operation]:
        for hunk in section.hunks:
            hunk.trim()
        old, new = pair(section.old, section.new)
        if section.renamed_from and section.renamed_to:
            return self._renamed(section)
        if not section.old and section.git:
            old, new = section.git
            if section.is_new:
                old = DEV_NULL
            elif section.is_deleted:
                new = DEV_NULL
        if not new:
            raise Fault(section.at, f"--- {section.old} alone", "+++ b/path below it")
        if old == new == DEV_NULL:
            raise Fault(section.at, f"{DEV_NULL} on both sides", "the path of the file on one side")
        if new == DEV_NULL:
            return [Delete(old)]
        if old == DEV_NULL:
            return [self._created(section, new)]
        return [self._updated(section, old, new)]

    @staticmethod
    def _renamed(section: _Section) -> list[Operation]:
        path, to = section.renamed_from, section.renamed_to
        if not section.hunks:
            return [Move(path, to)]
        return [Update(path, tuple(hunk.hunk() for hunk in section.hunks if hunk.changes()), to)]

    def _created(self, section: _Section, path: str) -> Create:
        content = "".join(hunk.side("-") for hunk in section.hunks)
        if any(hunk.side("+") for hunk in section.hunks):
            raise Fault(section.at, f"old lines in a diff from {DEV_NULL}", "only lines that begin with +")
        if section.hunks and section.hunks[-1].no_newline:
            content = content.removesuffix("\n")
        return Create(path, content)

    def _updated(self, section: _Section, old: str, new: str) -> Operation:
        if old != new:
            expected = "the same path twice; a file is renamed by `rename from` and `rename to`"
            raise Fault(section.at, f"two paths, {old} and {new}", expected)
        if not any(hunk.changes() for hunk in section.hunks):
            raise Fault(section.at, f"a diff of {old} that changes nothing", "lines that begin with + or -")
        first = section.hunks[0]
        starts_at_nothing = first.line == 1 and first.old_left is not None and not first.side("+")
        if starts_at_nothing and not self._options.use_dev_null and len(section.hunks) == 1:
            return self._created(section, old)
        return Update(old, tuple(hunk.hunk() for hunk in section.hunks if hunk.changes()))
