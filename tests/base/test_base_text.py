from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.base import clip, nearest, one_line, printable, valid


@given(st.text())
def test_printable_leaves_nothing_that_a_terminal_acts_on(text: str) -> None:
    shown = printable(text)
    assert not any(ord(character) < 0x20 and character not in "\t\n" for character in shown)
    assert not any(0x7F <= ord(character) <= 0x9F for character in shown)


@given(st.text(), st.integers(1, 50))
def test_one_line_is_one_line_of_at_most_its_width(text: str, width: int) -> None:
    assert len(one_line(text, width)) <= width
    assert "\n" not in one_line(text, width)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("\x1b[31mred", "␛[31mred"), ("a\r\nb", "a\nb"), ("\x7f", "␡"), ("a\u202eb", "a\ufffdb"), ("\x9b2J", "\ufffd2J")],
)
def test_printable_shows_controls(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters(exclude_categories=()) | st.sampled_from("\ud800\udfff")))
def test_valid_text_differs_in_lone_surrogates_alone(text: str) -> None:
    made = valid(text)
    assert made.encode("utf-8").decode("utf-8") == made
    assert made == "".join("?" if "\ud800" <= character <= "\udfff" else character for character in text)


def test_clip_marks_the_cut() -> None:
    assert clip("abcdef", 4) == "abc…"
    assert clip("abc", 4) == "abc"


def test_nearest_finds_a_slip_of_the_finger() -> None:
    assert nearest("chekcout", ["checkout", "diff"]) == "checkout"
    assert nearest("zzz", ["checkout", "diff"]) is None
