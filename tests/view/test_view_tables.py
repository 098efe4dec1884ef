"""What the tables look like, compared with files in tests/golden/view.

After a change that is meant, write the files again and look at the difference:
`UPDATE_GOLDEN=1 pytest tests/view/test_view_tables.py && git diff tests/golden/view`.
"""

from __future__ import annotations

import io
import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console, Group, RenderableType
from tests.view.sample import START, sample_trace, values

from loopwright.base import UsageError
from loopwright.record import FileChange, Limits, Payload, Trace, summarize
from loopwright.view import diff_view, part_view, run_view, runs_table, status_view

GOLDEN = Path(__file__).parent.parent / "golden" / "view"
NOW = START + timedelta(hours=30)
DIFF = """diff --git a/cc.py b/cc.py
index 1234567..89abcde 100644
--- a/cc.py
+++ b/cc.py
@@ -1,4 +1,4 @@
 import sys
--- not a header
-old\x1b[31m
+new
\\ No newline at end of file
"""


def text_of(renderable: RenderableType, width: int = 80) -> str:
    """The renderable as a terminal of this width shows it, without colours and trailing spaces."""
    console = Console(record=True, width=width, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    console.print(Group(renderable), crop=False)  # as `cli._common.print_view` does
    return "".join(f"{line.rstrip()}\n" for line in console.export_text().splitlines())


def check(name: str, renderable: RenderableType) -> None:
    shown = text_of(renderable)
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(shown)
    assert shown == path.read_text()
    assert max(len(line) for line in shown.splitlines()) <= 80


def many() -> list[RenderableType]:
    solved, unfinished = summarize(sample_trace()), summarize(sample_trace(suites=2, scripted=False, ended=False))
    long = replace(
        unfinished,
        id="a1b2c3d4e5f6",
        agent="opencode",
        model="openrouter/anthropic/claude-opus-4-1-20250805",
        task="a_task_with_a_rather_long_name",
        reason="infrastructure_error",
        cost=None,
    )
    running = replace(unfinished, id="77e0c0ffee", started_at=(NOW - timedelta(minutes=7)).isoformat())
    fresh = replace(summarize(sample_trace(until=1, ended=False)), id="0000fresh0", started_at=NOW.isoformat())
    return [runs_table([fresh, running, long, solved, unfinished], running={"77e0c0ffee"}, now=NOW)]


def test_list() -> None:
    check("list", many()[0])


def test_an_empty_list_says_so() -> None:
    assert text_of(runs_table([])) == "There are no runs yet.\n"


def test_a_wide_list_cuts_nothing() -> None:
    wide = text_of(many()[0], 160)
    assert "claude-opus-4-1-20250805" in wide
    assert "a_task_with_a_rather_long_name" in wide


def test_status() -> None:
    trace = sample_trace(suites=2, ended=False)
    last = trace.parts[-1].timestamp
    shown = status_view(summarize(trace), trace.limits, running=True, pid=4711, last_event_at=last, now=NOW)
    check("status", shown)


def test_show() -> None:
    trace = replace(sample_trace(), resumed_after=(12, 40), parent="b5a9c1b77d5e4f60", parent_part=57)
    check("show", run_view(trace))


def test_show_says_what_calls_were_for_and_what_a_fork_knows() -> None:
    trace = sample_trace()
    purposes = ["subagent", "turn", "title", "subagent", ""]
    calls = tuple(replace(call, purpose=purpose) for call, purpose in zip(trace.model_calls, purposes, strict=False))
    fork = {"fork": {"how": "recap", "continues": False}}
    shown = text_of(run_view(replace(trace, model_calls=calls, parent="other", parent_part=3, options=fork)), width=200)
    assert "model calls (2 by sub-agents, 1 for a title), " in shown
    assert "other, after part 3; its agent is told the conversation in its first prompt" in shown


def test_show_of_a_run_that_has_hardly_begun() -> None:
    check("show_early", run_view(sample_trace(until=5, ended=False), running=True))


def test_show_of_a_run_that_was_interrupted() -> None:
    check("show_interrupted", run_view(sample_trace(suites=2, until=42, scripted=False, priced=False)))


@pytest.mark.parametrize("part", [1, 7, 8, 35])
def test_show_part(part: int) -> None:
    check(f"part_{part}", part_view(sample_trace(), part, values))


def test_a_part_in_full_is_whole() -> None:
    trace = sample_trace()
    assert "line 41" not in text_of(part_view(trace, 7, values))
    assert "line 41" in text_of(part_view(trace, 7, values, full=True))
    assert "--full" not in text_of(part_view(trace, 7, values, full=True))


def test_a_part_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(UsageError, match=r"no part 62. Its parts are 1 to 61"):
        part_view(sample_trace(), 62, values)


def test_diff() -> None:
    check("diff", diff_view(DIFF))


def test_what_people_copy_is_not_broken_into_lines() -> None:
    added = f"+    call({'a long argument, ' * 8}    and four spaces)"
    assert text_of(diff_view(f"{DIFF}{added}\n"), 40).splitlines()[-1] == added
    place = f"s3://bucket/{'long/' * 20}agent_trace.json"
    lines = text_of(run_view(replace(sample_trace(), artifacts={"agent_trace": place, "x": "y"})), 40).splitlines()
    assert lines[-2:] == [f"agent_trace  {place}", "x            y"]


def test_a_removed_line_that_looks_like_a_header_is_red() -> None:
    shown = diff_view(DIFF)
    styles = {shown.plain[span.start : span.end].strip("\n"): str(span.style) for span in shown.spans}
    assert styles["--- a/cc.py"] == "bold"
    assert styles["--- not a header"] == "red"
    assert styles["+new"] == "green"


def test_nothing_that_an_agent_wrote_is_a_command_or_markup() -> None:
    evil = "\x1b]0;owned\x07\x9b2J[red]x[/red]\u202e"
    trace = sample_trace()
    parts = tuple(replace(part, summary=evil, content=Payload(value=evil)) for part in trace.parts)
    evil_trace: Trace = replace(trace, parts=parts, agent=evil, task=evil, isolation=evil, artifacts={evil: evil})
    summary = replace(summarize(trace), agent=evil, task=evil, model=evil)
    views = [
        run_view(evil_trace),
        part_view(evil_trace, 3, values),
        runs_table([summary], now=NOW),
        status_view(summary, trace.limits, running=False),
        diff_view(evil),
    ]
    for view in views:
        shown = text_of(view)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
    assert "[red]x[/red]" in text_of(views[1])


@pytest.mark.parametrize("width", range(40, 100, 3))
def test_a_narrow_list_leaves_out_columns_and_cuts_no_number(width: int) -> None:
    table = text_of(many()[0], width)
    head, *lines = table.splitlines()
    assert all(len(line) <= width for line in (head, *lines))
    assert "ID" in head
    assert "STATUS" in head
    assert ("COST" in head) == ("$0.00" in table)
    assert ("TESTS" in head) == ("86/86" in table)
    assert len(lines) == 5


def test_the_numbers_are_the_last_to_go() -> None:
    assert text_of(many()[0], 50).splitlines()[0].split() == ["ID", "TASK", "STATUS", "TESTS", "COST"]


def test_status_tells_why_it_ended() -> None:
    trace = sample_trace()
    shown = status_view(summarize(trace), trace.limits, running=False, detail="the provider\x1b[2J answered HTTP 503")
    assert re.search(r"status +solved: the provider.* answered HTTP 503", text_of(shown, 120))


def test_one_is_singular() -> None:
    trace = replace(sample_trace(), limits=Limits(max_turns=1, max_parts=1))
    assert re.search(r"limits +1 part, 1 turn\n", text_of(run_view(trace), 120))


def test_many_files_and_arguments_are_counted_and_not_listed() -> None:
    trace = sample_trace()
    part = trace.parts[6]
    assert part.tool is not None
    files = tuple(FileChange(path=f"out/{number}.o", status="added") for number in range(2_000))
    arguments = Payload(value={f"name{number}": "x" for number in range(2_000)})
    changed = replace(part, files=files, tool=replace(part.tool, arguments=arguments))
    trace = replace(trace, parts=(*trace.parts[:6], changed, *trace.parts[7:]))
    short = text_of(part_view(trace, 7, values))
    assert len(short.splitlines()) < 100
    assert short.count(f"… and 1,980 more: loopwright show {trace.trajectory_id[:8]} --part 7 --full") == 2
    assert "out/19.o added" in short
    full = text_of(part_view(trace, 7, values, full=True))
    assert "out/1999.o added" in full
    assert "name1999" in full


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"agent": "native:/far/away/of/mine.yaml"}, " native:mine "),
        ({"agent": "acp:opencode acp"}, " acp:opencode"),
        ({"scripted": False, "model": "recorded:e68fd0a5-ae1d-43ec-901b-0791732aa3a1"}, " recorded:e68fd0a5 "),
        ({"scripted": False, "model": "openai/gpt-x"}, " gpt-x "),
    ],
)
def test_agents_and_models_are_told_apart_in_few_words(facts: dict[str, object], words: str) -> None:
    summary = replace(summarize(sample_trace()), **facts)
    console = Console(file=io.StringIO(), width=110)
    console.print(runs_table([summary]))
    assert words in console.file.getvalue()  # type: ignore[attr-defined]
