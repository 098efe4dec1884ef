"""What is on its way: the end of it in a terminal, whole lines elsewhere."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from loopwright.agents import Delta
from loopwright.record import PartAdded, Payload, TurnEnded
from loopwright.record.samples import at, part_added, sample_events
from loopwright.view import LiveView, PlainView
from loopwright.view._pending import CompleteLines, Pending

_KINDS = st.sampled_from(["text", "reasoning", "tool", "output", "diff"])
_DELTAS = st.lists(
    st.builds(Delta, kind=_KINDS, text=st.text(max_size=40), name=st.sampled_from(["", "sh", "\x1b[2J"]))
)


def _console(width: int = 60) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=30, legacy_windows=False)


def _shown(pending: Pending, width: int = 60) -> list[str]:
    return [line.plain.strip() for line in pending.lines(_console(width))]


def _text(content: str, kind: str = "text") -> PartAdded:
    return part_added(1, part_type=kind, tool=None, content=Payload(value=content))


def test_text_grows_until_it_is_a_part() -> None:
    pending = Pending()
    for piece in ("I wri", "te the", " parser."):
        pending.on_delta(Delta("text", piece))
    assert _shown(pending) == ["» I write the parser."]
    pending.on_event(_text("I write the parser."))
    assert _shown(pending) == []


def test_what_is_next_stays_when_a_part_comes_late() -> None:
    pending = Pending()
    pending.on_delta(Delta("text", "first part.second"))
    pending.on_event(_text("first part."))
    assert _shown(pending) == ["» second"]


def test_only_the_end_of_a_long_text_is_shown() -> None:
    pending = Pending()
    pending.on_delta(Delta("text", "\n".join(f"line {number}" for number in range(5000))))
    assert _shown(pending) == ["» line 4994", *(f"line {number}" for number in range(4995, 5000))]


def test_a_call_that_is_a_part_already_is_not_told_again() -> None:
    pending = Pending()
    pending.on_event(part_added(1, part_type="tool_call", summary="sh make all"))
    pending.on_delta(Delta("tool", "make all", "sh"))
    pending.on_delta(Delta("output", "cc -c a.c"))
    assert _shown(pending) == ["│ cc -c a.c"]
    pending.on_delta(Delta("tool", "make test", "sh"))
    assert _shown(pending) == ["→ sh make test"]


def test_a_tool_its_output_and_its_diff() -> None:
    pending = Pending()
    pending.on_delta(Delta("tool", "make -j2", name="shell"))
    pending.on_delta(Delta("output", "cc a.c\ncc b.c\n"))
    pending.on_delta(Delta("diff", "@@ -1 +1 @@\n-a\n+b"))
    assert _shown(pending) == ["→ shell make -j2", "± @@ -1 +1 @@", "-a", "+b", "│ cc a.c", "cc b.c"]
    pending.on_delta(Delta("tool", "ls", name="other"))
    assert "│ cc a.c" not in _shown(pending)
    pending.on_event(part_added(2, part_type="tool_result"))
    assert _shown(pending) == []


def test_nothing_is_pending_when_a_turn_has_ended() -> None:
    pending = Pending()
    pending.on_delta(Delta("reasoning", "hm"))
    pending.on_event(TurnEnded(1, at(1), 1, "finished"))
    assert _shown(pending) == []


@given(_DELTAS)
def test_no_escape_survives_and_no_line_is_too_wide(deltas: list[Delta]) -> None:
    pending = Pending()
    for delta in deltas:
        pending.on_delta(delta)
    lines = pending.lines(_console(40))
    assert len(lines) <= 26
    for line in lines:
        assert line.cell_len <= 40
        assert "\x1b" not in line.plain
        assert "\n" not in line.plain


def test_a_log_is_not_flooded_with_what_a_tool_prints() -> None:
    time, file = datetime(2026, 1, 1, tzinfo=UTC), io.StringIO()
    plain = PlainView(file, clock=lambda: time)
    plain.on_delta(Delta("output", "".join(f"line {number}\n" for number in range(1000)), name="sh"))
    time += timedelta(seconds=1)
    plain.on_delta(Delta("output", "later\nand later\nnot yet\n", name="sh"))
    plain.on_delta(Delta("text", "said\n"))
    plain.on_event(1, part_added(1, part_type="tool_result"))
    told = [line.split(" delta ")[1] for line in file.getvalue().splitlines() if " delta " in line]
    assert told[:40] == [f"kind=output tool=sh line {number}" for number in range(40)]
    assert told[40:43] == ["left_out=960", "kind=output tool=sh later", "kind=output tool=sh and later"]
    assert told[43:] == ["left_out=1", "kind=text said"]


@given(st.lists(st.text(alphabet="ab\n", max_size=8)))
def test_whole_lines_are_those_of_the_text(pieces: list[str]) -> None:
    lines = CompleteLines()
    found = [text for piece in pieces for _, _, text in lines.on_delta(Delta("text", piece))]
    whole = "".join(pieces).split("\n")[:-1]
    assert found == [line for line in whole if line]


def test_the_live_view_shows_it_above_the_figures() -> None:
    console = _console(80)
    view = LiveView(console, refresh=False)
    for seq, event in enumerate(list(sample_events())[:3]):
        view.on_event(seq, event)
    view.on_delta(Delta("text", "Half a sen"))
    output = console.file.getvalue()  # type: ignore[attr-defined]
    assert "» " in output
    assert "Half a sen" in output
    assert output.rindex("Half a sen") < output.rindex("part 0 of 1000")
    view.close()


@pytest.mark.parametrize("evil", ["\x1b]0;owned\x07\n", "\x1b[2J\n", "a\u202eb\n"])
def test_plain_lines_are_safe(evil: str) -> None:
    stream = io.StringIO()
    view = PlainView(stream, clock=lambda: datetime(2026, 1, 1, 12, 0, tzinfo=UTC))
    view.on_delta(Delta("output", evil, name="a b"))
    assert stream.getvalue().startswith("------ 12:00:00 delta kind=output tool=a_b ")
    assert "\x1b" not in stream.getvalue()
    assert "\u202e" not in stream.getvalue()


def test_every_kind_of_event_has_a_line_and_can_be_shown() -> None:
    stream, console = io.StringIO(), _console(80)
    plain, live = PlainView(stream), LiveView(console, refresh=False)
    for seq, event in enumerate(sample_events()):
        plain.on_event(seq, event)
        live.on_event(seq, event)
    live.close()
    text = stream.getvalue()
    for words in (
        "checkpoint_taken part=3",
        "agent_session part=4 session=thread-1",
        "steered source=loopwright_steer delivered=now Mind the edge cases.",
        "limits_changed source=loopwright_limit max_parts=60",
        "parent=earlier:7",
    ):
        assert words in text
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "Mind the edge cases." in shown
    assert "60 parts" in shown
