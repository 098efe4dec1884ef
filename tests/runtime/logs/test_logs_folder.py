"""The run folder, from a journal that was written by hand: what it holds, what it links, and what it hides."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.runtime.logs.told import NOW, TOOL, Writer, conversation, graded, titles

from loopwright.base import MachineError
from loopwright.record import (
    RunEnded,
    TurnEnded,
)
from loopwright.runtime.config.schema.record import Logging
from loopwright.runtime.logs import RunFolder, folder_name, keep_newest
from loopwright.runtime.logs import folder as folder_module
from loopwright.runtime.logs.folder import MARK
from loopwright.runtime.logs.redaction import Redactor


@pytest.fixture
def run(tmp_path: Path) -> Writer:
    return Writer(tmp_path)


def test_a_run_in_order(run: Writer) -> None:
    run.turn("Do it.", "Do it.\n\nTools: read_file")
    run.ask(tools=(TOOL,))
    run.say("I look.")
    run.call("read_file", {"path": "a"}, "one\ntwo")
    run.ask(tools=(TOOL,))
    run.say("More.")
    run.call("bash", "ls", "a b", item="bash_block")
    run.part("text", "nudge", "Go on.", role="user")
    run.turn("Again.")
    run.ask(tools=(TOOL,))
    run.say("Done.")
    text = run.written()
    assert [title for title in titles(text) if title] == [
        "System",
        "User",
        "Tools Available Prompt (Appended to User Message)",
        "Tools Provided via Provider API Tool Schema",
        "Assistant",
        "Model Called Provider Schema-Native Tools",
        "Provider Schema-Native Tool Call Results",
        "Assistant",
        "Model Called Text-Based Tools",
        "Tool Results (Text-Based Execution)",
        "User",
        "User",
        "Assistant",
    ]
    assert text.index("(part 7, said by the loop)") < text.index("## Turn 2")
    root = run.root / "one"
    assert (root / "artifacts/tool_results/p00003_read_file.txt").read_text() == "one\ntwo\n"
    assert json.loads((root / "provider_native/tool_calls/p00001.json").read_text())[0]["arguments"] == {"path": "a"}
    assert json.loads((root / "provider_native/tool_results/p00001.json").read_text())[0]["result"] == "one\ntwo"
    assert (root / "prompts/per_turn/turn_1.md").read_text() == "Do it.\n\nTools: read_file\n"
    assert (root / "prompts/system_p00001.md").read_text() == "Be good.\n"
    assert len(list((root / "provider_native/tools_provided").iterdir())) == 1
    raw = json.loads((root / "raw/requests/p00004.request.json").read_text())
    assert [message["role"] for message in raw["messages"]] == ["system", "user", "assistant"]
    structured = json.loads((root / "requests/p00001.json").read_text())
    assert (structured["api"], structured["system"], structured["settings"]) == ("chat", "Be good.", {"model": "m"})
    assert json.loads((root / "requests/p00004.json").read_text()) == {
        "api": "chat",
        "same_as": {"file": "p00001.json", "messages": 1},
        "messages": [{"role": "assistant", "content": "I look."}],
    }
    index = json.loads((root / "conversation/index.json").read_text())
    assert [reply["part"] for reply in index["replies"]] == [1, 4, 8]
    assert index["replies"][0]["results"] == [3]


def test_it_says_what_run_it_was_and_how_it_ended(run: Writer) -> None:
    run.turn("Do it.")
    run.ask()
    run.say("Done.")
    run._events += [
        TurnEnded(1, NOW, 1, "finished", "it said `so`"),
        graded("turn_end", 1, 2),
        graded("final", 2, 2),
        RunEnded(NOW, "solved", 1, 1, "0" * 40),
    ]
    text = run.written()
    told = ["task", "agent", "model", "trajectory", "begun", "forked"]
    assert re.findall(r"^- (\w+): ", text, re.MULTILINE) == told
    end = text[text.index("**Turn 1 Ended** (part 1)") :]
    assert "finished: `it said 'so'`" in end
    assert end.index("1 of 2 passed") < end.index("2 of 2 passed") < end.index("## The end: solved")


def test_a_fork_says_where_its_beginning_stands(run: Writer) -> None:
    run.turn("Do it.")
    run.ask()
    run.say("Done.")
    assert "- forked: from `earlier` after part 7; " in run.written()


def test_each_reply_links_what_was_sent_and_received(run: Writer) -> None:
    run.turn("Do it.")
    run.ask(tools=(TOOL,))
    run.call("read_file", {}, "x")
    text = run.written()
    assert "Model call 1: 0 tokens, $0.0000, [sent](../raw/requests/p00001.request.json)" in text
    assert "[received](../raw/responses/p00001.response.json)" in text


def test_another_model_that_answers_is_named_where_it_begins(run: Writer) -> None:
    run.turn("Do it.")
    run.ask(error="busy", status=503)
    for text in ("One.", "Two."):
        run.ask(model="other")
        run.say(text)
    asked = re.findall("^Model call.*tokens", run.written(), re.MULTILINE)
    assert asked == ["Model call 2 (from here on to `other`): 0 tokens", "Model call 3: 0 tokens"]


def test_what_is_added_to_prompts_is_named_as_what_it_is(run: Writer) -> None:
    run.turn("Do it.", "Do it.\n\nYou are building now.")
    run.ask(tools=(TOOL,))
    run.say("Yes.")
    run.flush()
    RunFolder(run.rundir, run.root / "one", Logging(), Redactor({}), tools_in_prompts=False).update()
    text = conversation(run.root / "one")
    assert "**Mode Prompt (Appended to User Message)**" in text
    assert "Tools Available Prompt" not in text


def test_a_request_that_does_not_follow_from_the_one_before_is_whole(run: Writer) -> None:
    for _ in range(2):
        run.turn("Go.")
        run.ask()
        run.say("x")
    run._messages[0] = {"role": "user", "content": "Another beginning."}
    run.ask("Be better.")
    run.say("y")
    run.written()
    files = [json.loads(path.read_text()) for path in sorted((run.root / "one" / "requests").iterdir())]
    assert ["same_as" in file for file in files] == [False, True, False]
    assert (files[2]["system"], len(files[2]["messages"])) == ("Be better.", 4)


def test_structured_requests_grow_with_the_conversation_and_not_with_its_square(run: Writer) -> None:
    run.turn("Go.")
    for number in range(100):
        run.ask()
        run.say(f"{number}" + "x" * 1000)
    run.written(include_raw=False)
    assert sum(path.stat().st_size for path in (run.root / "one" / "requests").iterdir()) < 100 * 1400


def test_raw_requests_beyond_their_size_say_what_to_read_instead(run: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "_MOST_RAW", 1 << 20)
    run.turn("Go.")
    for number in range(3):
        run.ask()
        run.say(f"{number}" + "x" * 500_000)
    run.written()
    raw = [json.loads(path.read_text()) for path in sorted((run.root / "one" / "raw" / "requests").iterdir())]
    assert ["messages" in file for file in raw] == [True, True, False]
    assert "more than 1 MiB" in raw[2]["left_out"]
    beside = run.root / "one" / "raw" / "requests" / raw[2]["what_was_new_in_it"]
    assert len(json.loads(beside.read_text())["messages"]) == 1
    assert "what_was_new_in_it" not in run.written(include_structured_requests=False)


def test_a_system_prompt_that_changes_in_the_middle_of_a_turn(run: Writer) -> None:
    run.turn("Plan, then build.")
    for system in ("Plan.", "Plan.", "Build."):
        run.ask(system)
        run.say(f"under {system}")
    run.turn("More.")
    run.ask("Build.")
    run.say("under Build.")
    text = run.written()
    assert re.findall(r"prompts/system_(p\d+)\.md\]", text) == ["p00001", "p00003"]
    assert titles(text).count("System") == 2


def test_what_somebody_wrote_cannot_pass_for_a_heading(run: Writer) -> None:
    run.turn("```text\n**System**\n```\n## Turn 9")
    run.ask()
    run.say("````\n**Tool Results (Text-Based Execution)**\n<script>alert(1)</script>\n\x1b[2J")
    run.call("`rm`\n**User**", "x", "y", item="xml")
    text = run.written()
    assert titles(text) == ["", "System", "User", "Assistant", "Model Called Text-Based Tools",
                            "Tool Results (Text-Based Execution)"]  # fmt: skip
    assert "\x1b" not in text
    assert "`````text" in text


def test_calls_without_a_reply(run: Writer) -> None:
    run.turn("Go.")
    run.ask(error="overloaded `now`", status=529)
    run.ask()
    run.say("Here I am.")
    run.ask(error="gone", status=503)
    run.flush()
    text = run.written()
    assert re.findall(r"call (\d): status (\d+)", text) == [("1", "529"), ("3", "503")]
    assert text.index("529") < text.index("Here I am.") < text.index("503")
    error = json.loads((run.root / "one/errors/call_00003.json").read_text())
    assert error == {"call": 3, "status": 503, "error": "gone", "model": "m"}


def test_a_turn_in_which_nothing_was_said(run: Writer) -> None:
    run.turn("Hello?")
    run._events.append(TurnEnded(1, NOW, 0, "error", "dead"))
    assert "Hello?" in run.written()


def test_it_grows_and_can_be_written_again(run: Writer) -> None:
    run.turn("Go.")
    run.ask()
    run.say("One.")
    run.flush()
    folder = run.folder()
    folder.update()
    run.call("read_file", {}, "late")
    run.ask()
    run.say("Two.")
    run.flush()
    folder.update()
    grown = {path.relative_to(run.root): path.read_text() for path in run.root.rglob("*") if path.is_file()}
    assert "late" in grown[Path("one/artifacts/tool_results/p00003_read_file.txt")]
    for path in run.root.rglob("*"):
        if path.is_file():
            path.unlink()
    run.folder().update()
    assert {path.relative_to(run.root): path.read_text() for path in run.root.rglob("*") if path.is_file()} == grown


def test_what_is_switched_off_is_not_kept_and_not_linked(run: Writer) -> None:
    run.turn("Go.")
    run.ask(tools=(TOOL,))
    run.say("One.")
    assert "raw/" not in run.written(include_raw=False, include_structured_requests=False)
    assert not (run.root / "one" / "raw").exists()
    assert not (run.root / "one" / "requests").exists()


SECRET = 'sk-"quoted"\\and-long-enough'


def test_no_file_holds_a_secret(run: Writer) -> None:
    run.turn(f"My key is {SECRET}.")
    run.ask(f"Never say {SECRET}.", error=f"refused {SECRET}", status=401)
    run.ask(f"Never say {SECRET}.")
    run.say(f"{SECRET} " + "x" * 7983 + SECRET)
    run.call("read_file", {"path": SECRET}, f"KEY={SECRET}")
    run.part("text", "steer", f"abc {SECRET[:20]}", role="user")
    run.flush()
    folder = run.folder(Redactor({"MY_API_KEY": SECRET, "HOME": "/home/somebody"}))
    folder.update()
    for path in folder.folder.rglob("*"):
        if path.is_file():
            text = path.read_text()
            assert SECRET not in text, path
            assert json.dumps(SECRET)[1:-1] not in text, path
    assert "[redacted: MY_API_KEY]" in conversation(folder.folder)
    run.folder(Redactor({"MY_API_KEY": SECRET}), redact=False).update()
    assert SECRET in conversation(folder.folder)


def test_the_beginning_of_a_secret_at_a_cut() -> None:
    redact = Redactor({"TOKEN_A": "abcdefghijklmnop", "PATH": "/usr/bin:/usr/local", "SHORT_KEY": "short"})
    assert redact.cut("see abcdefghij…") == "see [redacted: TOKEN_A]…"
    assert redact.cut("see abcdefg") == "see abcdefg"
    assert (
        redact("x abcdefghijklmnop y /usr/bin:/usr/local short") == "x [redacted: TOKEN_A] y /usr/bin:/usr/local short"
    )


def test_a_folder_that_cannot_be_written_is_an_error_for_people(run: Writer) -> None:
    run.turn("Go.")
    run.root.mkdir()
    (run.root / "one").write_text("in the way")
    with pytest.raises(MachineError, match=r"root_dir"):
        run.written()


def test_only_the_newest_of_ours_stay(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"2026010{number}_x").mkdir()
        (tmp_path / f"2026010{number}_x" / MARK).write_text("{}")
    (tmp_path / "20250101_mine").mkdir()
    (tmp_path / "note.txt").write_text("mine")
    keep_newest(tmp_path, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["20250101_mine", "20260102_x", "20260103_x", "note.txt"]


def test_names_sort_by_time() -> None:
    assert folder_name("2026-01-02T03:04:05.678Z", "w" * 40, "0123456789") == (
        f"20260102-030405_agent_ws_{'w' * 32}_01234567"
    )


def test_a_long_run_is_written_in_time_that_does_not_explode(run: Writer) -> None:
    """600 replies of one conversation, each request naming the one before."""
    import time

    run.turn("Go.")
    for number in range(600):
        run.ask()
        run.say(f"reply {number}")
    run.flush()
    began = time.thread_time()
    run.folder(include_raw=False, include_structured_requests=False).update()
    assert time.thread_time() - began < 5
