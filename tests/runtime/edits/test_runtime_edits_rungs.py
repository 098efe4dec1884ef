"""Each rung of the match ladder: what it forgives, what it keeps of the file, and what it refuses."""

from __future__ import annotations

import pytest

from loopwright.runtime.edits.hunks import Refused, updated
from loopwright.runtime.edits.match import NoMatch, locate
from loopwright.runtime.edits.nearest import nearest_lines
from loopwright.runtime.edits.operations import Hunk
from loopwright.runtime.edits.text import Text


def _edited(before: str, old: str, new: str, **hints: object) -> tuple[str, str]:
    """The rung, and the file after."""
    result = updated(before.encode(), [Hunk(old, new, **hints)], "f")  # type: ignore[arg-type]
    return result.matched[0].rung, result.content.decode()


@pytest.mark.parametrize(
    ("rung", "before", "old", "new", "after"),
    [
        ("exact", "a\nb\nc\n", "b", "x\ny", "a\nx\ny\nc\n"),
        ("exact", "a\nb\nc", "c\n", "d\n", "a\nb\nd"),
        ("exact", "a\n", "a\n", "", ""),
        ("trailing spaces", "a  \nb\n", "a\nb", "a\nc", "a  \nc\n"),
        ("trailing spaces", "a\nb\n", "a \nb\t", "a \nc", "a\nc\n"),
        ("indentation", "  if a:\n    b\n", "if a:\n  b", "if a:\n  b\n  c", "  if a:\n    b\n    c\n"),
        ("indentation", "if a:\n  b\n", "    if a:\n      b", "    if a:\n      c", "if a:\n  c\n"),
        ("indentation", "\tif a\n\t\tb\n", "    if a\n        b", "    if a\n        c", "\tif a\n\t\tc\n"),
        ("indentation", "  if a\n    b\n", "\tif a\n\t\tb", "\tif a\n\t\tb\n\t\t\tc", "  if a\n    b\n      c\n"),
        ("indentation", "a\n    b\n        c\n", "a\n  b\n    c", "a\n  b\n    d", "a\n    b\n        d\n"),
        ("punctuation", "say(“hi”, 1)\n", 'say("hi", 1)', 'say("hi", 2)', "say(“hi”, 2)\n"),
        ("punctuation", "  a – b\n  c\n", "a - b\nc", "a - b\nd", "  a – b\n  d\n"),
        ("elision", "a\nb\nc\nd\n", "a\n...\nd", "a\n...\nD", "a\nb\nc\nD\n"),
        ("elision", "a\nb\nc\nd\n", "a\n// ... the same ...\nd", "A\n// ... the same ...\nd", "A\nb\nc\nd\n"),
        ("elision", "a\nb\nc\n", "...\nb\n...", "...\nB\n...", "a\nB\nc\n"),
        ("blank lines", "a\n\nb\nc\n", "a\nb\nc", "a\nb\nC", "a\n\nb\nC\n"),
        ("blank lines", "a\nb\nc\n", "a\n\nb\nc", "a\n\nb\nC", "a\nb\nC\n"),
        ("blank lines", "a\n\n\nb\n", "a\n\nb", "a\n\nB", "a\n\n\nB\n"),
    ],
)  # fmt: skip
def test_what_a_rung_forgives(rung: str, before: str, old: str, new: str, after: str) -> None:
    assert _edited(before, old, new) == (rung, after)


@pytest.mark.parametrize(
    ("before", "old", "new"),
    [
        ("    a\n        b\n", "a\nb", "a\nc"),  # not one shift
        ("  a:\n    b\n", "    a:\n      b", "    a:\n      b\n c"),  # the new line would stand left of the margin
        ("if x:\n    a\nb:\n    c\n        d\n", "  c", "  c:\n    e"),  # two spaces there, four here
        ("a\nb\nc\nd\nd\n", "a\n...\nd", "A\n...\nd"),  # the gap may end at either
        ("a\nb\nc\n", "a\n...\nc", "z"),  # what becomes of the gap?
        ("a\nb\nc\n", "c\n...\na", "C\n...\na"),  # in the wrong order
        ("a\n\nb\n", "a\nb", "a\nx\nb"),  # before the blank line, or after it?
        ("x = 1\n", "x = 1.", "y"),
        ("f(\n  ...a,\n)\n", "f(\n  ...b,\n)", "f(\n  ...b,\n  c,\n)"),  # JavaScript's spread is no gap
    ],
)
def test_what_no_rung_takes(before: str, old: str, new: str) -> None:
    with pytest.raises(Refused):
        updated(before.encode(), [Hunk(old, new)], "f")


@pytest.mark.parametrize(
    ("before", "old", "lines"),
    [
        ("a\na\n", "a", (1, 2)),
        ("a \na\t\n", "a", (1, 2)),
        ("  a\n    a\n", "a", (1, 2)),
        ("“a”\n”a“\n", '"a"', (1, 2)),
        ("a\n\nb\na\n\n\nb\n", "a\nb", (1, 4)),
    ],
)
def test_every_rung_refuses_a_tie(before: str, old: str, lines: tuple[int, ...]) -> None:
    with pytest.raises(NoMatch, match="fits 2 places") as caught:
        locate(Text(before.encode()), Hunk(old, "x"))
    assert caught.value.lines == lines


def test_a_tie_above_is_not_decided_by_a_rung_below() -> None:
    """Two exact places; the blank-line rung would find one more, and must not be asked."""
    with pytest.raises(NoMatch, match="fits 2 places, at lines 1, 4"):
        locate(Text(b"a\nb\n\na\nb\n\na\n\nb\n"), Hunk("a\nb", "x"))


def test_a_text_within_a_line_may_use_plain_quotes() -> None:
    assert _edited("x(“a”) + 1\n", '("a")', '("a", 2)', whole_lines=False) == ("punctuation", "x(“a”, 2) + 1\n")
    with pytest.raises(NoMatch, match="fits 2"):
        locate(Text("(“a”) (”a“)\n".encode()), Hunk('("a")', "x", whole_lines=False))


def test_a_text_within_lines_falls_back_to_whole_lines() -> None:
    assert _edited("  a \n  b\n", "a\nb", "a\nc", whole_lines=False) == ("indentation", "  a \n  c\n")
    assert _edited("a\nlast", "last\n", "end\n", whole_lines=False) == ("exact", "a\nend")
    with pytest.raises(NoMatch):  # it would join lines
        locate(Text(b"  a\n  b\n"), Hunk("a \nb \n", "c", whole_lines=False))


@pytest.mark.parametrize(
    ("anchors", "line", "at_end", "after"),
    [
        (("def b",), None, False, "def a\n  x\ndef b\n  y\ndef c\n  x\n"),
        ((), 4, False, "def a\n  x\ndef b\n  y\ndef c\n  x\n"),
        ((), None, True, "def a\n  x\ndef b\n  x\ndef c\n  y\n"),
        (("def a",), 6, False, "def a\n  y\ndef b\n  x\ndef c\n  x\n"),
        (("no such heading",), 6, False, "def a\n  x\ndef b\n  x\ndef c\n  y\n"),
    ],
)
def test_hints_settle_ties(anchors: tuple[str, ...], line: int | None, at_end: bool, after: str) -> None:
    before = "def a\n  x\ndef b\n  x\ndef c\n  x\n"
    assert _edited(before, "  x", "  y", anchors=anchors, line=line, at_end=at_end) == ("exact", after)


def test_everywhere_counts_places_that_do_not_overlap() -> None:
    result = updated(b"aa\naa\naa\n", [Hunk("aa\naa", "b", everywhere=True)], "f")
    assert (result.content, result.matched[0].places) == (b"b\naa\n", 1)
    result = updated(b"aaa a\n", [Hunk("aa", "b", whole_lines=False, everywhere=True)], "f")
    assert (result.content, result.matched[0].places) == (b"ba a\n", 1)


def test_a_hunk_may_build_on_another_of_its_file() -> None:
    result = updated(b"a\nb\n", [Hunk("b", "c\nd"), Hunk("d", "e")], "f")
    assert result.content == b"a\nc\ne\n"


def test_the_nearest_text_is_shown_with_numbers() -> None:
    file = [f"line {number}" for number in range(50)] + ["def total(self, items):", "    return sum(items)"]
    assert nearest_lines(file, ["def total(self, item):", "    return sum(item)"]) == (
        "51| def total(self, items):",
        "52|     return sum(items)",
    )
    assert nearest_lines(file, ["nothing of the kind", "is anywhere here"]) == ()
    assert nearest_lines([], ["x"]) == ()


def test_the_nearest_text_of_a_huge_file_is_found_quickly() -> None:
    file = [f"value_{number} = {number * number}" for number in range(200_000)]
    assert nearest_lines(file, ["value_7000 = 49000000", "value_7001 = 49014002"])[0] == "7001| value_7000 = 49000000"


def test_a_big_file_is_edited_quickly() -> None:
    before = "".join(f"value_{number} = {number}\r\n" for number in range(300_000)).encode()
    result = updated(before, [Hunk("value_250000 = 250000  ", "value_250000 = 0")], "f")
    assert result.content == before.replace(b"value_250000 = 250000", b"value_250000 = 0")
