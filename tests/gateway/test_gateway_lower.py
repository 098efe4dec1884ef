from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.gateway.scripted.lower import Lowering, ToolMissing
from loopwright.gateway.scripted.patches import BadPatch, parse_patch
from loopwright.gateway.scripted.schema import CallSpec
from loopwright.gateway.scripted.shell_forms import edit_command, patch_text, write_command
from loopwright.gateway.wire.neutral import Ask, OfferedTool

NATIVE = [OfferedTool(name) for name in ("write_file", "edit_file", "run_shell", "run_tests", "list_dir")]
CODEX = [OfferedTool("exec_command"), OfferedTool("write_stdin"), OfferedTool("run_tests", "mcp__lab")]
CLAUDE = [OfferedTool(name) for name in ("Bash", "Read", "Write", "Edit", "mcp__lab__run_tests", "Task")]
OPENCODE = [OfferedTool(name) for name in ("bash", "read", "write", "edit", "lab_run_tests")]


def lower(tools: list[OfferedTool], *calls: Any, touched: frozenset[str] = frozenset()) -> list[tuple[str, Any]]:
    asked = Ask(tuple(tools), "", "", "", [], touched=touched)
    lowering = Lowering(asked, "/workspace")
    found = [item for call in calls for item in lowering.lower(CallSpec.model_validate(call))]
    return [(f"{tool.namespace}/{tool.name}".lstrip("/"), arguments) for tool, arguments in found]


WRITE = {"write": {"path": "src/a.py", "text": "x = 1\n"}}
EDIT = {"edit": {"path": "src/a.py", "old": "1", "new": "2"}}
SHELL = {"shell": {"command": "ls -l\npwd", "timeout": 30.0}}
TESTS = {"run_tests": "basics/a"}


def test_native() -> None:
    assert lower(NATIVE, WRITE, EDIT, SHELL, TESTS) == [
        ("write_file", {"path": "src/a.py", "content": "x = 1\n"}),
        ("edit_file", {"path": "src/a.py", "old": "1", "new": "2"}),
        ("run_shell", {"command": "ls -l\npwd", "timeout": 30}),
        ("run_tests", {"test_path": "basics/a"}),
    ]


def test_codex() -> None:
    written, edited, shell, tests = lower(CODEX, WRITE, EDIT, SHELL, TESTS)
    patch = "*** Begin Patch\n*** Add File: src/a.py\n+x = 1\n*** End Patch\n"
    assert written == ("exec_command", {"cmd": f"apply_patch <<'EOF'\n{patch}EOF\n"})
    assert edited == ("exec_command", {"cmd": edit_command("src/a.py", "1", "2")})
    assert shell == ("exec_command", {"cmd": "ls -l\npwd", "yield_time_ms": 30000})
    assert tests == ("mcp__lab/run_tests", {"test_path": "basics/a"})


def test_codex_with_a_custom_patch_tool() -> None:
    written = lower([*CODEX, OfferedTool("apply_patch", custom=True)], WRITE)
    assert written == [("apply_patch", "*** Begin Patch\n*** Add File: src/a.py\n+x = 1\n*** End Patch\n")]


def test_codex_writes_what_a_patch_cannot_say_by_shell() -> None:
    assert lower(CODEX, {"write": {"path": "a", "text": "no newline"}}) == [
        ("exec_command", {"cmd": write_command("a", "no newline")})
    ]


def test_claude() -> None:
    assert lower(CLAUDE, WRITE, EDIT, SHELL, TESTS) == [
        ("Write", {"file_path": "/workspace/src/a.py", "content": "x = 1\n"}),
        ("Edit", {"file_path": "/workspace/src/a.py", "old_string": "1", "new_string": "2"}),
        ("Bash", {"command": "ls -l\npwd", "description": "ls -l", "timeout": 30000}),
        ("mcp__lab__run_tests", {"test_path": "basics/a"}),
    ]


def test_opencode() -> None:
    assert lower(OPENCODE, WRITE, EDIT, SHELL, TESTS) == [
        ("write", {"filePath": "/workspace/src/a.py", "content": "x = 1\n"}),
        ("edit", {"filePath": "/workspace/src/a.py", "oldString": "1", "newString": "2"}),
        ("bash", {"command": "ls -l\npwd", "description": "ls -l", "timeout": 30000}),
        ("lab_run_tests", {"test_path": "basics/a"}),
    ]


def test_a_file_that_was_not_touched_is_read_before_an_edit() -> None:
    names = [name for name, _ in lower(CLAUDE, EDIT, EDIT)]
    assert names == ["Read", "Edit", "Edit"]
    assert [name for name, _ in lower(OPENCODE, EDIT)] == ["edit"]
    assert [name for name, _ in lower(CLAUDE, EDIT, touched=frozenset({"/workspace/src/a.py"}))] == ["Edit"]


def test_any_tool_by_its_own_or_its_mcp_name() -> None:
    call = {"call": {"name": "run_tests", "arguments": {"test_path": "x"}}}
    assert lower(CLAUDE, call) == [("mcp__lab__run_tests", {"test_path": "x"})]
    assert lower(NATIVE, {"call": {"name": "list_dir"}}) == [("list_dir", {})]


def test_without_file_tools_the_shell_writes() -> None:
    assert lower([OfferedTool("run_shell")], WRITE, EDIT) == [
        ("run_shell", {"command": write_command("src/a.py", "x = 1\n")}),
        ("run_shell", {"command": edit_command("src/a.py", "1", "2")}),
    ]


@pytest.mark.parametrize("call", [WRITE, EDIT, SHELL, TESTS, {"call": {"name": "search"}}])
def test_what_is_missing_is_named(call: Any) -> None:
    with pytest.raises(ToolMissing, match=r"Offered: weather\."):
        lower([OfferedTool("weather")], call)


def test_a_nul_goes_through_a_file_tool_and_not_through_a_shell() -> None:
    call = {"write": {"path": "a", "text": "\0"}}
    assert lower(NATIVE, call) == [("write_file", {"path": "a", "content": "\0"})]
    with pytest.raises(ToolMissing, match="NUL"):
        lower([OfferedTool("run_shell")], call)


texts = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=80),
    st.lists(st.sampled_from(["EOF", "EOF_2", "$HOME", "`id`", "\\", "'", '"', ")", "*", "[a-z]", "x", "", "\t"])).map(
        "\n".join
    ),
    st.lists(st.sampled_from(["EOF", "EOF_2", "$(id)", "\r", "!", "%", ""])).map(lambda lines: "\n".join(lines) + "\n"),
)


def shell(command: str, folder: Path, program: str) -> int:
    return subprocess.run([program, "-c", command], cwd=folder, capture_output=True, check=False).returncode


@pytest.mark.parametrize("program", ["sh", "bash"])
def test_the_shell_writes_any_text_exactly(program: str, tmp_path: Path) -> None:
    @settings(max_examples=40, deadline=None)
    @given(texts, st.sampled_from(["a", "-n", "sub/it's here.txt"]))
    def check(text: str, path: str) -> None:
        assert shell(write_command(path, text), tmp_path, program) == 0
        assert (tmp_path / path).read_bytes() == text.encode()

    check()


@pytest.mark.parametrize("program", ["sh", "bash"])
def test_the_shell_edits_exactly_one_place(program: str, tmp_path: Path) -> None:
    @settings(max_examples=40, deadline=None)
    @given(texts, texts.filter(bool), texts, texts)
    def check(before: str, old: str, after: str, new: str) -> None:
        text = before + old + after
        (tmp_path / "f").write_bytes(text.encode())
        code = shell(edit_command("f", old, new), tmp_path, program)
        place = text.find(old)
        if text.find(old, place + len(old)) >= 0:
            assert code == 1
            assert (tmp_path / "f").read_bytes() == text.encode()
        else:
            assert code == 0
            assert (tmp_path / "f").read_bytes() == text.replace(old, new, 1).encode()

    check()


def test_an_edit_that_finds_nothing_fails_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("abc\n\n")
    assert shell(edit_command("f", "x", "y"), tmp_path, "sh") == 1
    assert (tmp_path / "f").read_text() == "abc\n\n"
    assert shell(edit_command("gone", "x", "y"), tmp_path, "sh") == 1
    assert not (tmp_path / "gone").exists()


@given(texts)
def test_a_patch_says_the_whole_text_or_nothing(text: str) -> None:
    patch = patch_text("a", text)
    if patch is None:
        assert not text.endswith("\n") or "\r" in text
    else:
        added = [line[1:] for line in patch.split("\n") if line.startswith("+")]
        assert "\n".join(added) + "\n" == text


PATCH = """*** Begin Patch
*** Update File: a.txt
@@ def here
 one
-two
+zwei
*** Delete File: b.txt
*** Add File: src/c.txt
+new
*** End Patch
"""
MANY = """*** Begin Patch
*** Update File: m.txt
*** Move to: moved/m.txt
@@
-l1
+L1
@@
 l4
-l5
+L5
*** End of File
@@
+l6
*** End Patch
"""


def test_a_patch_is_given_whole_to_who_knows_patches() -> None:
    assert lower(CODEX, {"patch": PATCH}) == [("exec_command", {"cmd": f"apply_patch <<'EOF'\n{PATCH}EOF\n"})]
    assert lower([*CODEX, OfferedTool("apply_patch", custom=True)], {"patch": PATCH}) == [("apply_patch", PATCH)]
    tool = OfferedTool("apply_patch", fields=("patchText",))
    assert lower([*OPENCODE, tool], {"patch": PATCH}) == [("apply_patch", {"patchText": PATCH})]


def test_a_patch_is_done_with_other_tools_elsewhere() -> None:
    assert lower(OPENCODE, {"patch": PATCH}) == [
        ("edit", {"filePath": "/workspace/a.txt", "oldString": "one\ntwo\n", "newString": "one\nzwei\n"}),
        ("bash", {"command": "rm -- b.txt", "description": "rm -- b.txt"}),
        ("write", {"filePath": "/workspace/src/c.txt", "content": "new\n"}),
    ]
    assert [name for name, _ in lower(CLAUDE, {"patch": PATCH})] == ["Read", "Edit", "Bash", "Write"]
    assert [name for name, _ in lower(NATIVE, {"patch": PATCH})] == ["edit_file", "run_shell", "write_file"]


def test_several_hunks_are_one_command_that_works(tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_text("l1\nl2\nl3\nl4\nl5\n")
    [(_, arguments)] = lower(OPENCODE, {"patch": MANY})
    subprocess.run(["sh", "-c", arguments["command"]], cwd=tmp_path, check=True)
    assert (tmp_path / "moved/m.txt").read_text() == "L1\nl2\nl3\nl4\nL5\nl6\n"
    assert not (tmp_path / "m.txt").exists()


def test_a_hunk_that_does_not_fit_stops_the_command(tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_text("other\n")
    [(_, arguments)] = lower(OPENCODE, {"patch": MANY})
    done = subprocess.run(["sh", "-c", arguments["command"]], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode != 0
    assert (tmp_path / "m.txt").read_text() == "other\n"


@pytest.mark.parametrize(
    "patch",
    [
        "",
        "*** Begin Patch\n*** End Patch\n",
        "*** Begin Patch\nx\n*** End Patch\n",
        "*** Begin Patch\n*** Update File: a\n*** End Patch\n",
        "*** Begin Patch\n*** Update File: a\n@@\n x\n*** End Patch\n",
        "*** Begin Patch\n*** Delete File: a\n-x\n*** End Patch\n",
        "*** Begin Patch\n*** Add File: a\n-x\n*** End Patch\n",
    ],
)
def test_what_is_no_patch_is_refused_when_the_script_is_read(patch: str) -> None:
    with pytest.raises(ValueError, match=r"patch"):
        CallSpec.model_validate({"patch": patch})


lines = st.lists(st.text(alphabet="ab -+@*", max_size=6), min_size=1, max_size=5)


@given(lines)
def test_any_text_is_a_patch_or_says_why_not(inside: list[str]) -> None:
    text = "\n".join(["*** Begin Patch", "*** Update File: a", *inside, "*** End Patch"])
    try:
        [file, *_] = parse_patch(text)
    except BadPatch as error:
        assert str(error)  # noqa: PT017 - most texts are no patches
    else:
        assert file.path == "a"
        assert file.hunks


def test_deleting() -> None:
    assert lower(NATIVE, {"delete": "-a b"}) == [("run_shell", {"command": "rm -- '-a b'"})]
    [(name, arguments)] = lower(CODEX, {"delete": "a"})
    assert (name, "*** Delete File: a\n" in arguments["cmd"]) == ("exec_command", True)


def test_delegating() -> None:
    call = {"delegate": {"prompt": "Count the lines", "replies": [{"say": "3"}]}}
    spawning = [*CODEX, OfferedTool("spawn_agent", "multi_agent_v1")]
    assert lower(spawning, call) == [("multi_agent_v1/spawn_agent", {"message": "Count the lines"})]
    about = {"prompt": "Count the lines", "description": "Count the lines"}
    agent = about | {"subagent_type": "general-purpose", "run_in_background": False}
    assert lower([*CLAUDE, OfferedTool("Agent")], call) == [("Agent", agent)]
    task = [*OPENCODE, OfferedTool("task")]
    assert lower(task, call) == [("task", about | {"subagent_type": "general"})]
    assert lower(NATIVE, call) == [("delegate", {"prompt": "Count the lines"})]


def test_a_tool_that_is_not_there_can_be_called_on_purpose() -> None:
    assert lower(CODEX, {"call": {"name": "fly", "force": True}}) == [("fly", {})]
    assert lower(CODEX, {"call": {"name": "run_tests", "force": True}}) == [("mcp__lab/run_tests", {})]
