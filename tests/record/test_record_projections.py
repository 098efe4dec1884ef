"""The derived files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from loopwright.base import MachineError
from loopwright.record import (
    BlobStore,
    Event,
    Fold,
    RunDir,
    Trace,
    fold,
    read_summary,
    write_agent_trace,
    write_all,
    write_conversation,
    write_parquet,
    write_summary,
)
from loopwright.record._conversation import _fence
from loopwright.record.events import PartAdded, Payload, Steered, ToolUse, TurnStarted
from loopwright.record.samples import at, part_added, run_started, sample_events


@pytest.fixture
def rundir(tmp_path: Path) -> RunDir:
    return RunDir.create(tmp_path / "home", "sample")


def _trace(*parts: PartAdded) -> Trace:
    return fold([run_started(), *parts])


def test_everything_is_written_and_nothing_else_is_left(rundir: RunDir) -> None:
    before = set(rundir.path.iterdir())
    write_all(rundir, fold(sample_events()))
    made = {rundir.agent_trace, rundir.parquet, rundir.conversation, rundir.summary}
    assert set(rundir.path.iterdir()) - before == made


def test_agent_trace_is_the_trace(rundir: RunDir) -> None:
    trace = fold(sample_events())
    write_agent_trace(rundir, trace)
    assert msgspec.json.decode(rundir.agent_trace.read_bytes(), type=Trace) == trace


def test_payloads_appear_as_they_are_stored(rundir: RunDir) -> None:
    large = BlobStore(rundir.blobs_folder).payload("y" * 9000)
    write_agent_trace(rundir, _trace(part_added(1, content=Payload(value={"a": 1}), raw=large)))
    part = json.loads(rundir.agent_trace.read_text())["parts"][0]
    assert part["content"] == {"value": {"a": 1}}
    assert part["raw"] == {"blob": large.blob, "size": 9002, "preview": "y" * 400}


def test_parquet_has_one_row_a_part(rundir: RunDir) -> None:
    trace = fold(sample_events())
    write_parquet(rundir, trace)
    rows: list[dict[str, Any]] = pq.read_table(rundir.parquet).to_pylist()
    assert [row["part"] for row in rows] == list(range(1, 11))
    assert rows[3]["tool_name"] == "run_tests"
    assert rows[3]["tool_exit_code"] == 0
    assert (rows[9]["solved_paths"], rows[9]["tests_passed"], rows[9]["tests_expected"]) == (2, 5, 5)
    assert rows[1]["input_tokens"] == 100
    assert json.loads(rows[1]["repo_checkpoint_json"])["changed_files"] == ["main.py"]
    assert json.loads(rows[1]["tool_arguments_json"])["value"]["path"] == "main.py"
    metadata = pq.ParquetFile(rundir.parquet).metadata
    assert metadata.row_group(0).column(0).compression == "ZSTD"


def test_parquet_of_a_run_without_parts_has_the_same_columns(rundir: RunDir) -> None:
    write_parquet(rundir, fold(sample_events()))
    columns = pq.read_schema(rundir.parquet)
    write_parquet(rundir, _trace())
    assert pq.read_table(rundir.parquet).num_rows == 0
    assert pq.read_schema(rundir.parquet) == columns


def test_summary_says_what_a_list_shows(rundir: RunDir) -> None:
    write_summary(rundir, fold(sample_events()))
    summary = read_summary(rundir)
    assert summary is not None
    assert (summary.id, summary.status, summary.reason, summary.parts, summary.turns) == (
        "sample",
        "ended",
        "solved",
        10,
        2,
    )
    assert summary.tests["basics"].passed == 2
    write_summary(rundir, _trace())
    again = read_summary(rundir)
    assert again is not None
    assert (again.status, again.reason, again.ended_at) == ("open", None, None)


def test_a_summary_that_is_missing_or_foreign_is_none(rundir: RunDir) -> None:
    assert read_summary(rundir) is None
    rundir.summary.write_text('{"id": 1}')
    assert read_summary(rundir) is None


def test_the_conversation_tells_the_run_in_order(rundir: RunDir) -> None:
    write_conversation(rundir, fold(sample_events()))
    text = rundir.conversation.read_text()
    headings = re.findall(r"^#+ .*$", text, re.MULTILINE)
    assert headings[:3] == ["# Trajectory sample", "## Turn 1", "### Part 1: reasoning"]
    assert [line for line in headings if "Part" in line][-1] == "### Part 10: text"
    assert headings[-1] == "## Ended: solved"
    assert "scripted" in text
    assert "1 of 2 passed" in text
    assert "5 of 5 passed" in text
    assert text.index("Write a program.") < text.index("Part 1") < text.index("Go on.")


def test_the_conversation_says_who_did_it_and_loses_no_turn(rundir: RunDir) -> None:
    inner = part_added(3, parent="call-2")
    prompts = [TurnStarted(turn, at(turn), Payload(value=f"prompt {turn}"), 1) for turn in (1, 2)]
    events: list[Event] = [
        run_started(),
        prompts[0],
        Steered(at(1), "me", Payload(value="hear"), "next_turn"),
        prompts[1],
    ]
    called = part_added(2, part_type="tool_call", tool=ToolUse("task", "call-2", Payload(value={})))
    events += [part_added(1), called, inner, part_added(4, parent="gone")]
    write_conversation(rundir, fold(events))
    text = rundir.conversation.read_text()
    assert text.index("prompt 1") < text.index("**Told by me**") < text.index("### Part 1")
    assert "prompt 2" in text
    headings = re.findall(r"^### Part \d: .*$", text, re.MULTILINE)
    assert [line.partition(" (")[2] for line in headings] == ["", "", "sub-agent of part 2)", "sub-agent)"]


def test_long_results_are_clipped_and_counted(rundir: RunDir) -> None:
    long = BlobStore(rundir.blobs_folder).payload("word " * 4000)
    tool = ToolUse("run_shell", "c", None, long, "failed", 2)
    write_conversation(rundir, _trace(part_added(1, part_type="tool_result", tool=tool)))
    text = rundir.conversation.read_text()
    assert "Result (failed, exit code 2)" in text
    assert "(18000 more characters)" in text
    assert max(len(line) for line in text.splitlines()) <= 120


def test_a_missing_payload_is_said_and_its_preview_shown(rundir: RunDir) -> None:
    gone = Payload(blob="a" * 64, size=9000, preview="how it began")
    write_conversation(rundir, _trace(part_added(1, content=gone)))
    text = rundir.conversation.read_text()
    assert "how it began" in text
    assert "missing" in text


_HOSTILE = [
    "```\n# Not a heading\n```",
    "````text\n## Turn 99\n````",
    "<script>alert(1)</script>\n![x](http://host/beacon.png)",
    "\x1b[2J\x1b]0;title\x07\u202eevil",
    "~~~\n### Part 7: text\n~~~\r\n## Turn 9",
]


@pytest.mark.parametrize("text", _HOSTILE)
def test_nothing_an_agent_wrote_becomes_part_of_the_page(rundir: RunDir, text: str) -> None:
    tool = ToolUse(f"x`{text}", "c", Payload(value={"text": text}), Payload(value=text), "completed", 0)
    part = part_added(1, content=Payload(value=text), tool=tool, summary=text)
    write_conversation(rundir, _trace(part))
    outside = _outside_fences(rundir.conversation.read_text())
    assert [line for line in outside if line.startswith("#")][:2] == ["# Trajectory sample", outside[10]]
    assert len([line for line in outside if line.startswith("#")]) == 3
    assert not any("http://" in line and "`" not in line for line in outside)
    assert "\x1b" not in rundir.conversation.read_text()
    assert "\u202e" not in rundir.conversation.read_text()


def _outside_fences(text: str) -> list[str]:
    """What a CommonMark reader takes as page and not as code."""
    outside, fence = [], ""
    for line in text.split("\n"):
        ticks = re.match(r"`{3,}", line)
        if fence:
            fence = "" if ticks and len(ticks[0]) >= len(fence) and line.strip("`") == "" else fence
        elif ticks:
            fence = ticks[0]
        else:
            outside.append(line)
    assert fence == ""
    return outside


@given(st.text(alphabet=st.sampled_from("`~# a\n\r\u2028<")))
def test_a_fence_always_holds_its_text(text: str) -> None:
    assert _outside_fences("\n".join(_fence(text))) == [""]


@given(st.text(max_size=300))
@settings(max_examples=50)
def test_any_text_is_wrapped_without_losing_a_letter(text: str) -> None:
    from loopwright.base import printable

    lines = "\n".join(_fence(text)).split("\n")[1:-2]
    assert "".join(lines) == printable(text).replace("\n", "")


def test_a_folder_that_cannot_be_written_to_is_a_machine_error(rundir: RunDir) -> None:
    for path in (rundir.agent_trace, rundir.parquet, rundir.conversation, rundir.summary):
        path.mkdir()
        (path / "in the way").mkdir()
    for write in (write_agent_trace, write_parquet, write_conversation, write_summary):
        with pytest.raises(MachineError, match="Cannot write"):
            write(rundir, _trace())
    assert not [path for path in rundir.path.iterdir() if path.name.startswith(".")]


def test_projections_are_the_same_every_time(rundir: RunDir) -> None:
    state = Fold()
    for event in sample_events():
        state.apply(event)
    write_all(rundir, state.trace())
    first = {path: path.read_bytes() for path in (rundir.agent_trace, rundir.conversation, rundir.summary)}
    write_all(rundir, structs.replace(state.trace()))
    assert {path: path.read_bytes() for path in first} == first
