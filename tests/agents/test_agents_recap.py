"""The summary of a record that an agent without memory is given."""

from __future__ import annotations

from loopwright.agents.recap import recap
from loopwright.record import FileChange, PartAdded, Payload, ToolUse, TurnStarted


def _turn(number: int, prompt: str, part: int) -> TurnStarted:
    return TurnStarted(number, "2026-01-01T00:00:00Z", Payload(value=prompt), part)


def _part(number: int, turn: int, **fields: object) -> PartAdded:
    kind = fields.pop("kind", "text")
    return PartAdded(number, turn, "t", "assistant", kind, "item", f"summary {number}", 1, "m", **fields)  # type: ignore[arg-type]


def _history(count: int) -> tuple[list[TurnStarted], list[PartAdded]]:
    return [_turn(1, "the task", 1)], [
        _part(n, 1, content=Payload(value=f"said {n} " + "x" * 80)) for n in range(1, count)
    ]


def test_it_names_what_was_asked_said_done_and_what_came_of_it() -> None:
    call = ToolUse("shell", "c1", arguments=Payload(value={"cmd": "make"}))
    result = ToolUse("shell", "c1", result=Payload(blob="00", preview="error: no rule"), status="failed", exit_code=2)
    parts = [
        _part(1, 1, content=Payload(value="I build it.")),
        _part(2, 1, kind="tool_call", tool=call),
        _part(3, 1, kind="tool_result", tool=result, files=(FileChange("a.out", "added"),)),
        _part(4, 2, kind="patch"),
    ]
    text = recap([_turn(1, "build it", 1), _turn(2, "again", 4)], parts)
    lines = text.split("<transcript>\n")[1].split("\n")
    assert lines[:5] == [
        "[turn 1, the prompt] build it",
        "[part 1, text] I build it.",
        '[part 2, call of shell] {"cmd": "make"}',
        "[part 3, result of shell: failed, exit code 2] error: no rule (files: a.out added)",
        "[turn 2, the prompt] again",
    ]
    assert lines[5] == "[part 4, patch] summary 4"
    assert lines[-1] == "</transcript>"


def test_the_task_and_the_newest_stay_where_there_is_too_much() -> None:
    text = recap(*_history(500), most_characters=3000)
    assert len(text) < 4000
    assert "[turn 1, the prompt] the task" in text
    assert "said 499" in text
    assert "said 300 " not in text
    left_out = 499 - text.count("[part ")
    assert f"({left_out} entries are left out here)" in text


def test_nothing_is_left_out_where_all_just_fits() -> None:
    turns, parts = _history(50)
    whole = recap(turns, parts)
    assert whole.count("[part ") == 49
    length = len(whole.split("<transcript>\n")[1].removesuffix("\n</transcript>"))
    assert recap(turns, parts, most_characters=length) == whole
    assert "(1 entries are left out here)" in recap(turns, parts, most_characters=length - 1)


def test_a_record_without_turns_has_no_entries() -> None:
    assert "<transcript>\n\n</transcript>" in recap([], [])


def test_long_results_keep_both_ends() -> None:
    tool = ToolUse("shell", "c", result=Payload(value="BEGIN" + "x" * 5000 + "END"), status="completed")
    text = recap([_turn(1, "p", 1)], [_part(1, 1, kind="tool_result", tool=tool)])
    assert "BEGINx" in text
    assert "xEND" in text
    assert len(text) < 2000


def test_text_that_no_encoding_holds_is_mended() -> None:
    text = recap([_turn(1, "a\ud800b", 1)], [])
    assert text.encode()
