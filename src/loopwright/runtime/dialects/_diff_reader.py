"""Reading the sections and hunks of a unified diff, line by line, into typed operations."""

from __future__ import annotations

import re

from loopwright.runtime.dialects._diff_lines import HunkLines
from loopwright.runtime.dialects._diff_paths import DEV_NULL, git_pair, name, pair
from loopwright.runtime.dialects.dialect import Fault, ParseOptions
from loopwright.runtime.dialects.source import Line, Source
from loopwright.runtime.edits.operations import Create, Delete, Hunk, Move, Operation, Update

__all__ = ["DiffReader"]

_PATH_LIKE = re.compile(r"a/|/dev/null|\S*[./]\S*\s*$")
_SAID = ("+++ ", "rename from ", "rename to ", "new file mode", "deleted file mode")
_IGNORED = ("index ", "similarity index", "dissimilarity index", "Index: ", "====")
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
    """What a diff says of one file: names by the beginnings of header lines, and hunks."""

    def __init__(self, at: int, git: tuple[str, str] | None = None) -> None:
        self.at = at
        self.git = git
        self.said: dict[str, str] = {}
        self.hunks: list[HunkLines] = []

    def awaits(self, old: str, new: str) -> bool:
        """Whether these `---` and `+++` lines belong to the `diff --git` line of this section."""
        if self.git is None or "--- " in self.said or self.hunks:
            return False
        names = pair(name(old[4:]), name(new[4:]))
        return all(found in (said, DEV_NULL) for found, said in zip(names, self.git, strict=True))

    @property
    def paths(self) -> tuple[str, str]:
        """The names before and after, without prefixes."""
        if "--- " in self.said or self.git is None:
            return pair(self.said.get("--- ", ""), self.said.get("+++ ", ""))
        old, new = self.git
        if "new file mode" in self.said:
            return DEV_NULL, new
        return old, DEV_NULL if "deleted file mode" in self.said else new


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
        if self._begins_section(line):
            return True
        section = self._sections[-1] if self._sections else _Section(line.start)
        if not line.text.startswith("@@"):
            return self._hunk_line(section.hunks[-1], line) if section.hunks else self._header(section, line)
        if not self._sections:
            raise Fault(line.start, line.text, "--- a/path and +++ b/path before the first @@")
        section.hunks.append(HunkLines())
        section.hunks[-1].take_header(line.text)
        return True

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
        self._sections[-1].said["--- "] = name(line.text[4:])
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
        said = next((prefix for prefix in _SAID if text.startswith(prefix)), "")
        if said and (said != "+++ " or "--- " in section.said):
            section.said[said] = name(text.removeprefix(said))
        elif text.strip() and not text.startswith(_IGNORED):
            if self._stop is None:
                return False
            raise Fault(line.start, text, "a header of a diff: --- a/path, +++ b/path, @@")
        return True

    def _hunk_line(self, hunk: HunkLines, line: Line) -> bool:
        """Take a line of a hunk. A raw diff ends where a line has no mark, or is empty and not needed."""
        text = line.text
        if text.startswith("\\"):
            hunk.at_end = True
            hunk.no_newline |= bool(hunk.lines) and hunk.lines[-1][0] in ("+", " ")
            return True
        if self._stop is None and not text.startswith(("+", "-", " ")):
            below = self._source.line(line.next).text
            if text or hunk.is_complete or not below.startswith(("+", "-", " ", "@@")):
                return not text and below.startswith(("diff --git ", "--- "))
        hunk.add(text)
        return True

    def _operations(self, section: _Section) -> list[Operation]:
        hunks = tuple(each.hunk() for each in section.hunks if each.changes)
        path, to = section.said.get("rename from "), section.said.get("rename to ")
        if path and to:
            return [Update(path, hunks, to) if section.hunks else Move(path, to)]
        old, new = section.paths
        if not new:
            raise Fault(section.at, f"{old or 'a diff'} without a second name", "+++ b/path below it")
        if old == new == DEV_NULL:
            raise Fault(section.at, f"{DEV_NULL} on both sides", "the path of the file on one side")
        if new == DEV_NULL:
            return [Delete(old)]
        if old == DEV_NULL:
            return [self._created(section, new)]
        if old != new:
            expected = "the same path twice; a file is renamed by `rename from` and `rename to`"
            raise Fault(section.at, f"two paths, {old} and {new}", expected)
        return [self._updated(section, old, hunks)]

    def _created(self, section: _Section, path: str) -> Create:
        hunks = [each.hunk() for each in section.hunks]
        if any(hunk.old for hunk in hunks):
            raise Fault(section.at, f"old lines in a diff from {DEV_NULL}", "only lines that begin with +")
        content = "".join(hunk.new for hunk in hunks)
        if section.hunks and section.hunks[-1].no_newline:
            content = content.removesuffix("\n")
        return Create(path, content)

    def _updated(self, section: _Section, path: str, hunks: tuple[Hunk, ...]) -> Operation:
        if not hunks:
            raise Fault(section.at, f"a diff of {path} that changes nothing", "lines that begin with + or -")
        if len(section.hunks) == 1 and hunks[0].line == 1 and not hunks[0].old and not self._options.use_dev_null:
            return self._created(section, path)
        return Update(path, hunks)
