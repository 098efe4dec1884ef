"""The text of a file as edits see it: lines without their endings, and the way back to the very same bytes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from loopwright.base import UsageError

__all__ = ["MAX_BYTES", "Splice", "Text", "common_ends", "encoded", "lines_of", "unix"]

MAX_BYTES = 16 << 20
"""The largest file that is edited as text, in bytes."""

_BOM = "\ufeff"


class Splice(NamedTuple):
    """Replace `[start, end)` of a text's `flat` by `new`, whose lines end in `\\n`."""

    start: int
    end: int
    new: str


def unix(text: str) -> str:
    """The text with `\\r\\n` as `\\n`."""
    return text.replace("\r\n", "\n")


def lines_of(text: str) -> list[str]:
    """The lines of a text without endings; the last newline is optional, and the empty text has no lines."""
    lines = unix(text).split("\n")
    return lines[:-1] if not lines[-1] else lines


def common_ends(one: Sequence[str], other: Sequence[str]) -> tuple[int, int]:
    """How many items both begin with, and how many of the others both end with."""
    least = min(len(one), len(other))
    head = next((at for at in range(least) if one[at] != other[at]), least)
    return head, next((at for at in range(least - head) if one[-1 - at] != other[-1 - at]), least - head)


def encoded(text: str) -> bytes:
    """The text as UTF-8.

    Raises:
        UsageError: It cannot be the content of a text file: a NUL, a lone surrogate, or more than `MAX_BYTES`.
    """
    if "\0" in text:
        raise UsageError("the new text holds a NUL character", remedy="Write binary files with a program.")
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError(f"the new text is not valid Unicode at character {error.start}") from error
    if len(content) > MAX_BYTES:
        raise UsageError(f"the new text has {len(content)} bytes, more than {MAX_BYTES}")
    return content


class Text:
    """A file's text.

    Attributes:
        flat: The text without a byte order mark and with every `\\r\\n` as `\\n`; splices count in its characters.
        lines: Its lines without endings.
    """

    def __init__(self, content: bytes) -> None:
        """Read the bytes of a file.

        Raises:
            UsageError: They are binary (a NUL), not UTF-8, or more than `MAX_BYTES`.
        """
        if len(content) > MAX_BYTES:
            raise UsageError(f"the file has {len(content)} bytes, more than {MAX_BYTES}", remedy="Use sed or a script.")
        if b"\0" in content:
            raise UsageError("the file is binary (it holds a NUL byte)", remedy="Change it with a program.")
        try:
            raw = content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(
                f"the file is not UTF-8 (byte {content[error.start]:#04x} at offset {error.start})",
                remedy="Change it with a program.",
            ) from error
        self._bom = _BOM if raw.startswith(_BOM) else ""
        self._raw = raw.removeprefix(_BOM)
        self.flat = unix(self._raw)
        self.lines = lines_of(self.flat) if self.flat else []

    @cached_property
    def starts(self) -> list[int]:
        """Where each line begins in `flat`, and its length at last."""
        starts = list(accumulate((len(line) + 1 for line in self.lines), initial=0))
        starts[-1] = len(self.flat)
        return starts

    @cached_property
    def _carriage_returns(self) -> list[int]:
        """Which newlines of `flat` are `\\r\\n`, as offsets."""
        if len(self._raw) == len(self.flat):
            return []
        pieces = self._raw.split("\n")[:-1]
        offsets = accumulate((len(piece) + 1 - piece.endswith("\r") for piece in pieces), initial=-1)
        return [end for piece, end in zip(pieces, list(offsets)[1:], strict=True) if piece.endswith("\r")]

    def line_at(self, offset: int) -> int:
        """The index of the line that holds a character of `flat`."""
        return max(bisect_left(self.starts, offset + 1) - 1, 0)

    def line_splice(self, start: int, end: int, new: Sequence[str]) -> Splice:
        """Replace the lines `[start, end)`; a missing newline at the end of the file stays missing."""
        first, last = self.starts[start], self.starts[end]
        if end < len(self.lines) or self.flat.endswith("\n") or not self.flat:
            return Splice(first, last, "".join(line + "\n" for line in new))
        if start == end and new:
            return Splice(first, last, "\n" + "\n".join(new))
        return Splice(first, last, "\n".join(new))

    def spliced(self, splices: Sequence[Splice]) -> bytes:
        """The file's bytes with splices that do not overlap, in order; all else stays byte for byte.

        Raises:
            UsageError: The result cannot be the content of a text file.
        """
        pieces, done = [self._bom], 0
        for splice in splices:
            pieces += [self._raw[self._to_raw(done) : self._to_raw(splice.start)], self._with_endings(splice)]
            done = splice.end
        return encoded("".join([*pieces, self._raw[self._to_raw(done) :]]))

    def _to_raw(self, offset: int) -> int:
        return offset + bisect_left(self._carriage_returns, offset)

    def _with_endings(self, splice: Splice) -> str:
        """The new text with the line endings of what it replaces, or else of what is near."""
        if not self._carriage_returns or "\n" not in splice.new:
            return splice.new
        endings = self._endings(splice)
        first, *rest = splice.new.split("\n")
        chosen = [endings[min(number, len(endings) - 1)] for number in range(len(rest))]
        return first + "".join(map(str.__add__, chosen, rest))

    def _endings(self, splice: Splice) -> list[str]:
        marks = set(self._carriage_returns)
        inside = [at for at in range(splice.start, splice.end) if self.flat[at] == "\n"]
        before, after = self.flat.rfind("\n", 0, splice.start), self.flat.find("\n", splice.end)
        near = inside or [at for at in (before, after) if at >= 0][:1]
        return ["\r\n" if at in marks else "\n" for at in near] or ["\n"]
