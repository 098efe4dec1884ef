from __future__ import annotations

import io
import re
import sys
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console
from tests.view.sample import START, sample_events

from loopwright.agents import Delta
from loopwright.record import (
    Event,
    FileChange,
    Limits,
    Noticed,
    PartAdded,
    Payload,
    RunEnded,
    RunResumed,
    RunStarted,
    StopRequested,
    TestsGraded,
    ToolUse,
)
from loopwright.view import LiveView, PlainView, open_view
from loopwright.view._following import Following, time_of

EVIL = "\x1b]0;owned\x07\x1b[2J\r\n\x9b31mred\u202eback [bold]markup[/]"
_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def watch(events: list[Event], width: int = 80, limits: Limits | None = None, **console: bool) -> str:
    """What a terminal of this width is sent, with the clock standing at the last event."""
    file = io.StringIO()
    now = max(time_of(event) for event in events)
    terminal = Console(file=file, force_terminal=True, width=width, height=40, legacy_windows=False, **console)  # type: ignore[arg-type]
    view = LiveView(terminal, limits, clock=lambda: now, refresh=False)
    for seq, event in enumerate(events):
        view.on_event(seq, event)
    view.close()
    return file.getvalue()


def seen(output: str) -> list[str]:
    """The lines without escape sequences."""
    return [line.rstrip() for line in _SEQUENCE.sub("", output).replace("\r", "\n").split("\n")]


def figures(output: str) -> list[str]:
    """The block that stays at the bottom when the view is closed."""
    lines = [line for line in seen(output) if line]
    start = max(index for index, line in enumerate(lines) if set(line) == {"─"})
    return lines[start + 1 :]


def screen(output: str) -> list[str]:
    """What stands on the terminal in the end, as far as `rich.live` moves the cursor: up, to the left, and erasing."""
    lines, at = [""], 0
    for piece in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", output):
        if piece == "\n":
            at += 1
            lines += [""] * (at == len(lines))
        elif piece == "\x1b[1A":
            at -= 1
        elif piece == "\x1b[2K":
            lines[at] = ""
        elif piece[0] not in "\x1b\r":
            lines[at] += piece
    return [line.rstrip() for line in lines]


def test_figures_that_grow_while_lines_are_told_overwrite_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopwright.view.live._SECONDS_BETWEEN", 0.0)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    file = io.StringIO()
    view = LiveView(Console(file=file, force_terminal=True, width=80, height=40, legacy_windows=False))
    told = [
        replace(event, summary=f"part {event.part} it is", part_type="text", content=None, tool=None)
        for event in sample_events()
        if type(event) is PartAdded
    ]
    try:
        for seq, event in enumerate([*sample_events()[:1], *told]):
            view.on_event(seq, event)
            view.on_delta(Delta("text", "coming\n" * (seq % 5)))
    finally:
        view.close()
        sys.setswitchinterval(interval)
    shown = screen(file.getvalue())
    lost = [event.part for event in told if not any(f"part {event.part} it is" in line for line in shown)]
    assert lost == []
    assert sum("·" in line for line in shown) == 1, "the figures are there once"


def test_the_figures_say_who_where_and_how_far() -> None:
    block = figures(watch(sample_events(suites=2)[:60], width=100))
    assert block[0] == "3f2a9c1b · native · scripted model scripted-c-compiler · c_compiler · bwrap"
    assert block[1].startswith("part 39 of 200  turn 2  125k tokens  $0.00  ")
    assert block[2].split()[0] == "basics"
    assert block[2].endswith("82/86")
    assert block[3].endswith("9/60")


def test_a_real_model_is_not_called_scripted() -> None:
    assert "claude-sonnet-4-6" in figures(watch(sample_events(scripted=False)[:9], width=100))[0]


def test_an_unknown_cost_is_said_to_be_unknown() -> None:
    assert "cost unknown" in figures(watch(sample_events(scripted=False, priced=False), width=100))[1]


def test_a_suite_that_was_never_graded_shows_no_number() -> None:
    assert figures(watch(sample_events()[:4]))[-1].endswith("—/86")


def test_the_session_end_is_told_and_time_stands_still() -> None:
    lines = seen(watch(sample_events(), width=100))
    assert any(line.startswith("solved after 61 parts, commit") for line in lines)
    assert figures(watch(sample_events(), width=100))[1].endswith("5m 34s  solved")


def test_each_part_is_one_line_with_what_it_did_to_files() -> None:
    lines = seen(watch(sample_events()[:8], width=100))
    assert "    2 → write_file parser.py" in lines
    assert "    3 ← wrote parser.py  parser.py +41 -0" in lines


def test_an_edit_is_counted_from_the_call_that_its_result_belongs_to() -> None:
    call = ToolUse("edit_file", "c1", Payload(value={"path": "a/b.py", "old": "x\ny\nz", "new": "x\nY\nY\nz"}))
    result = ToolUse("edit_file", "c1", None, Payload(value="done"), "completed")
    template = next(event for event in sample_events() if isinstance(event, PartAdded))
    called = replace(template, part=1, part_type="tool_call", tool=call, summary="edit a/b.py")
    changed = (FileChange("a/b.py", "modified"),)
    done = replace(template, part=2, part_type="tool_result", tool=result, files=changed, summary="edited")
    assert "    2 ← edited  a/b.py +2 -1" in seen(watch([sample_events()[0], called, done]))


def test_a_failed_tool_says_so() -> None:
    event = next(event for event in sample_events() if isinstance(event, PartAdded) and event.tool)
    assert event.tool is not None
    failed = replace(event, part_type="tool_result", tool=replace(event.tool, status="failed", exit_code=2))
    assert any(line.endswith("failed (exit 2)") for line in seen(watch([failed])))


def test_what_became_of_files_is_seen_however_long_the_summary_is() -> None:
    template = next(event for event in sample_events() if isinstance(event, PartAdded) and event.tool)
    assert template.tool is not None
    failed = replace(template.tool, status="failed", exit_code=2, arguments=None)
    part = replace(
        template, part_type="tool_result", tool=failed, summary="long " * 40, files=(FileChange("a.py", "added"),)
    )
    assert seen(watch([part], width=70))[0].endswith("…  failed (exit 2)  a.py added")
    many = replace(part, files=tuple(FileChange(f"folder/file_{number}.py", "added") for number in range(9)))
    first, second, *_ = seen(watch([many], width=60))
    assert first.endswith("long l…")
    assert second.strip().startswith("failed (exit 2)  folder/file_0.py added")
    assert second.endswith("…")


def test_what_sub_agents_do_is_told_apart() -> None:
    template = next(event for event in sample_events() if isinstance(event, PartAdded))

    def part(number: int, kind: str, parent: str | None, call: str = "") -> PartAdded:
        tool = ToolUse("task", call, Payload(value={})) if call else None
        content = None if call else Payload(value=f"words {number}")
        summary = f"summary {number}"
        return replace(
            template, part=number, part_type=kind, parent=parent, tool=tool, content=content, summary=summary, files=()
        )

    events: list[Event] = [
        part(1, "tool_call", None, "c1"),
        part(2, "text", "c1"),
        part(3, "tool_call", "c1", "c2"),
        part(4, "reasoning", "c2"),
        part(5, "text", "gone"),
    ]
    lines = seen(watch(events))
    for line in ("1 → summary 1", "2 » ┆ words 2", "3 → ┆ summary 3", "4 ∴ ┆ ┆ summary 4", "5 » ┆ words 5"):
        assert f"    {line}" in lines
    file = io.StringIO()
    plain = PlainView(file)
    for seq, event in enumerate(events):
        plain.on_event(seq, event)
    told = [re.findall(r"subagent_of=(\S+)", line) for line in file.getvalue().splitlines()]
    assert told == [[], ["1"], ["1"], ["3"], ["gone"]]


def test_the_past_counts_but_does_not_scroll_by() -> None:
    file, events = io.StringIO(), sample_events()
    cut = next(index for index, event in enumerate(events) if isinstance(event, TestsGraded)) + 1
    terminal = Console(file=file, force_terminal=True, width=100, height=40, legacy_windows=False)
    view = LiveView(terminal, refresh=False, clock=lambda: time_of(events[-1]))
    for seq, event in enumerate(events):
        (view.catch_up if seq < cut else view.on_event)(seq, event)
    view.close()
    assert figures(file.getvalue()) == figures(watch(events, width=100))
    grades = [line.strip() for line in seen(file.getvalue()) if " tests " in line]
    assert grades[0] == "✗ tests  basics 12/86 +7", "compared with a grade of the past"


def test_what_the_agent_says_is_wrapped_and_whole() -> None:
    words = " ".join(f"word{n}" for n in range(60))
    template = next(event for event in sample_events() if isinstance(event, PartAdded))
    said = replace(template, part_type="text", summary="short", content=Payload(value=words))
    lines = seen(watch([said], width=60))
    assert " ".join(" ".join(lines).replace("»", " ").split()).find(words) >= 0


def test_grades_show_the_change_since_the_last_of_the_same_path() -> None:
    lines = [line for line in seen(watch(sample_events(), width=100)) if " tests " in line]
    assert lines[0].strip() == "✗ tests  basics 5/86"
    assert lines[1].strip() == "✗ tests  basics 12/86 +7"
    assert any(line.strip() == "✗ tests  basics 32/86 -1" for line in lines)
    assert lines[-1].strip() == "✓ tests  basics 86/86"


def test_why_a_grade_failed_is_said_once() -> None:
    grade = next(event for event in sample_events(suites=2) if isinstance(event, TestsGraded))
    error = "the build failed"
    suites = {name: replace(count, error=error) for name, count in grade.suites.items()}
    assert len(suites) == 2
    failed = replace(grade, status_code=422, error=error, suites=suites)
    output = " ".join(seen(watch([sample_events()[0], failed], width=160)))
    assert output.count(error) == 1
    other = replace(failed, suites={name: replace(count, error="") for name, count in suites.items()})
    assert " ".join(seen(watch([sample_events()[0], other], width=160))).count(error) == 1


def test_a_run_of_one_part_ends_after_one_part() -> None:
    end = next(event for event in sample_events() if isinstance(event, RunEnded))
    lines = seen(watch([sample_events()[0], replace(end, total_parts=1)], width=100))
    assert any(line.startswith("solved after 1 part, commit") for line in lines)


def test_a_part_with_many_files_names_the_first() -> None:
    part = next(event for event in sample_events() if isinstance(event, PartAdded) and event.files)
    files = tuple(FileChange(path=f"{number}", status="added") for number in range(20_000))
    events: list[Event] = [sample_events()[0], replace(part, files=files, summary="unpack")]
    wide = " ".join(seen(watch(events, width=900)))
    assert "19 added  and 19,980 more" in wide
    assert "20 added" not in wide


def test_an_event_that_was_shown_before_is_left_out() -> None:
    events = sample_events()[:8]
    file = io.StringIO()
    view = PlainView(file)
    for seq, event in [*enumerate(events), *enumerate(events)]:
        view.on_event(seq, event)
    assert len(file.getvalue().splitlines()) == len(events)


@pytest.mark.parametrize("width", [60, 61, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    events = [*sample_events(suites=2), *every_other_event()]
    assert max(cell_len(line) for line in seen(watch(events, width))) <= width


def test_the_number_and_the_glyph_survive_a_long_summary() -> None:
    template = next(event for event in sample_events() if isinstance(event, PartAdded))
    long = replace(template, part=123, summary="wide 漢字 " * 60)
    assert any(line.startswith("  123 ∴ wide") for line in seen(watch([long], width=60)))


def test_no_colour_means_no_colour() -> None:
    coloured = re.compile(r"\x1b\[[0-9;]*(?:3[0-7]|9[0-7]|38)[;m]")
    assert coloured.search(watch(sample_events()))
    assert not coloured.search(watch(sample_events(), no_color=True))


def every_other_event() -> list[Event]:
    """Hostile events of the kinds that the sample lacks."""
    at = (START + timedelta(hours=1)).isoformat()
    template = next(event for event in sample_events() if isinstance(event, PartAdded))
    start = next(event for event in sample_events() if isinstance(event, RunStarted))
    grade = next(event for event in sample_events() if isinstance(event, TestsGraded))
    tool = ToolUse(EVIL, EVIL, Payload(value={"path": EVIL, "content": EVIL}), None, "failed")
    change = (FileChange(EVIL, "added"),)
    return [
        replace(start, agent=EVIL, model=EVIL, agent_model=EVIL, task=EVIL, sandbox=EVIL, suites={EVIL: 3}),
        replace(template, timestamp=at, part=90, part_type="text", summary=EVIL, content=Payload(value=EVIL)),
        replace(template, timestamp=at, part=91, part_type="tool_result", summary=EVIL, tool=tool, files=change),
        replace(grade, timestamp=at, path=EVIL, error=EVIL, status_code=500, suites={EVIL: grade.suites["basics"]}),
        Noticed(at, "error", EVIL, EVIL),
        StopRequested(at, EVIL),
        RunResumed(at, 12, "ab" * 20, detail=EVIL),
        RunEnded(at, "infrastructure_error", 91, 3, "cd" * 20, detail=EVIL),
    ]


@pytest.mark.parametrize("width", [60, 120])
def test_nothing_that_an_agent_prints_reaches_the_terminal_as_a_command(width: int) -> None:
    rest = _SEQUENCE.sub("", watch(every_other_event(), width))
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]", rest)
    # Only what rich itself sends: colours, cursor up, erase line, show and hide the cursor.
    kinds = {match[-1] for match in _SEQUENCE.findall(watch(every_other_event(), width))}
    assert kinds <= set("mAKhl")
    assert "\x1b[2J" not in watch(every_other_event(), width)
    assert "[bold]markup[/]" in " ".join(seen(watch(every_other_event(), width)))


def test_a_pipe_gets_the_plain_view_and_a_terminal_the_live_one() -> None:
    assert isinstance(open_view(Console(file=io.StringIO())), PlainView)
    view = open_view(Console(file=io.StringIO(), force_terminal=True))
    view.close()
    view.close()
    assert isinstance(view, LiveView)


def test_plain_lines_are_one_per_event_and_stable() -> None:
    lines = plain(sample_events())
    assert len(lines) == len(sample_events())
    assert lines[0] == (
        "000000 09:12:00 run_started id=3f2a9c1b7d5e4f60 agent=native "
        "model=scripted:examples/c_compiler/scripted.yaml scripted=yes task=c_compiler sandbox=bwrap "
        "max_parts=200 max_seconds=3600.0"
    )
    assert lines[6] == (
        "000006 09:12:26 part_added part=3 turn=1 type=tool_result tool=write_file status=completed "
        "commit=0f98b1f7eda3 files=parser.py:+41:-0 wrote parser.py"
    )
    assert "tests_graded part=4 cause=agent path=all passed=5 failed=81 total=86 code=200" in lines[8]


def plain(events: list[Event]) -> list[str]:
    file = io.StringIO()
    view = PlainView(file)
    for seq, event in enumerate(events):
        view.on_event(seq, event)
    view.close()
    return file.getvalue().splitlines()


@given(st.text(), st.text(min_size=1))
def test_plain_lines_hold_no_controls_whatever_is_in_them(text: str, name: str) -> None:
    template = next(event for event in sample_events() if isinstance(event, PartAdded))
    tool = ToolUse(name, "c", None, None, "completed")
    event = replace(template, summary=text, tool=tool, files=(FileChange(name, "added"),))
    file = io.StringIO()
    PlainView(file).on_event(7, event)
    assert file.getvalue().count("\n") == 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", file.getvalue())


def test_a_stream_that_cannot_show_a_character_shows_another() -> None:
    raw = io.BytesIO()
    template = next(event for event in sample_events() if isinstance(event, PartAdded))
    stream = io.TextIOWrapper(raw, "ascii", write_through=True)
    PlainView(stream).on_event(0, replace(template, summary="漢字"))
    assert raw.getvalue().endswith(b" ??\n")


def test_the_time_left_is_that_of_the_nearest_limit() -> None:
    def left(limits: Limits) -> tuple[float, str] | None:
        state = Following(limits, clock=lambda: START + timedelta(seconds=100))
        part = next(event for event in sample_events() if isinstance(event, PartAdded))
        state.apply(0, sample_events()[0])
        state.apply(1, replace(part, part=10, timestamp=(START + timedelta(seconds=60)).isoformat()))
        return state.time_left()

    assert left(Limits()) is None
    assert left(Limits(max_seconds=150.0)) == (50.0, "time")
    assert left(Limits(max_parts=20)) == (100.0, "parts")
    assert left(Limits(max_parts=12, max_seconds=150.0)) == (20.0, "parts")
    assert left(Limits(max_parts=5, max_seconds=10.0)) in [(0.0, "parts"), (0.0, "time")]


def test_time_that_nobody_worked_does_not_count() -> None:
    now: datetime = START + timedelta(days=2, seconds=10)
    state = Following(clock=lambda: now)
    state.apply(0, sample_events()[0])
    state.apply(1, RunResumed((START + timedelta(days=2)).isoformat(), 0, "ab" * 20))
    assert state.elapsed() == 10
