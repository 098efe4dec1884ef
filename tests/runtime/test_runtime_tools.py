"""What a model does wrong comes back to it as a failed result; nothing that it names can break the run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from loopwright.agents import AgentContext, TestReply
from loopwright.runtime.conversation import ToolCall, calls_of
from loopwright.runtime.tools import Toolbox, ToolResult
from loopwright.sandbox import Mount, SandboxSpec, open_sandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
def toolbox(tmp_path: Path) -> Toolbox:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "a.txt").write_text("one\ntwo\x0cstill two\nthree\n")
    spec = SandboxSpec(mounts=(Mount(workspace, "/workspace", writable=True),))

    async def run_tests(path: str, call_id: str) -> TestReply:
        return TestReply(f"graded {path!r}", "g1", ok=path != "wrong")

    context = AgentContext("", workspace, open_sandbox("bwrap", spec), tmp_path / "none", "m", run_tests)
    return Toolbox(context)


async def _call(toolbox: Toolbox, name: str, **arguments: Any) -> ToolResult:
    return await toolbox.call(ToolCall("c1", name, arguments, ""))


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("read_fil", {"path": "a"}, "Did you mean read_file?"),
        ("read_file", {}, "needs the argument 'path'"),
        ("read_file", {"path": 3}, "must be of type string"),
        ("read_file", {"path": "a.txt", "offset": True}, "must be of type integer"),
        ("read_file", {"pth": "a.txt"}, "Did you mean 'path'?"),
        ("read_file", {"path": "a.txt", "offset": 9}, "has only 3 lines"),
        ("read_file", {"path": "\ud800"}, "error"),
        ("read_file", {"path": "a\0b"}, "NUL"),
        ("list_dir", {"path": "x" * 300}, "error"),
        ("list_dir", {"path": "none"}, "no folder"),
        ("edit_file", {"path": "a.txt", "old": "", "new": "x"}, "does not occur"),
        ("edit_file", {"path": "a.txt", "old": "o", "new": "x"}, "occurs 3 times"),
        ("write_file", {"path": ".", "content": "x"}, "not a regular file"),
        ("search", {"pattern": "("}, "search failed"),
        ("run_tests", {"test_path": "wrong"}, "graded"),
    ],
)
async def test_a_wrong_call_is_a_failed_result(
    toolbox: Toolbox, name: str, arguments: dict[str, Any], words: str
) -> None:
    result = await _call(toolbox, name, **arguments)
    assert result.status == "failed"
    assert words in result.text
    result.text.encode()


async def test_arguments_that_are_no_object(toolbox: Toolbox) -> None:
    result = await toolbox.call(ToolCall("c1", "read_file", None, "[1]"))
    assert "not a JSON object" in result.text


def test_arguments_nested_too_deep_are_no_arguments() -> None:
    text = "[" * 100_000 + "]" * 100_000
    message = {"tool_calls": [{"id": "c", "function": {"name": "read_file", "arguments": text}}]}
    assert calls_of(message)[0].arguments is None


def test_lone_surrogates_of_a_model_are_replaced() -> None:
    message = {"tool_calls": [{"id": "c", "function": {"name": "x", "arguments": '{"path": "\\ud800"}'}}]}
    assert calls_of(message)[0].arguments == {"path": "?"}


async def test_reading_and_writing(toolbox: Toolbox) -> None:
    read = await _call(toolbox, "read_file", path="a.txt", offset=2, limit=1)
    assert read.text.startswith("    2  two\x0cstill two")
    assert "1 more lines" in read.text
    written = await _call(toolbox, "write_file", path="b/c.txt", content="x\n")
    assert written.text == "created b/c.txt (1 lines, 2 bytes)"
    assert (await _call(toolbox, "edit_file", path="b/c.txt", old="x", new="y")).text == "edited b/c.txt at line 1"
    assert (await _call(toolbox, "list_dir")).text == "a.txt\nb/"
    assert (await _call(toolbox, "search", pattern="^y")).text == "./b/c.txt:1:y\n"
    assert (await _call(toolbox, "search", pattern="nothing")).text == "(no match)"


async def test_a_folder_with_a_name_that_is_not_utf8(toolbox: Toolbox, tmp_path: Path) -> None:
    (tmp_path / "workspace" / "odd").mkdir()
    os.close(os.open(os.fsencode(tmp_path / "workspace" / "odd") + b"/\xff", os.O_CREAT | os.O_WRONLY))
    (await _call(toolbox, "list_dir", path="odd")).text.encode()


async def test_shell(toolbox: Toolbox) -> None:
    assert (await _call(toolbox, "run_shell", command="echo a; echo b >&2; exit 3")).text == "a\nb\n[exit code 3]"
    assert (await _call(toolbox, "run_shell", command="true")).text == "(no output)"
    flood = await _call(toolbox, "run_shell", command="seq 100000")
    assert len(flood.text) < 20_000
    assert "bytes left out" in flood.text
    assert (await _call(toolbox, "run_shell", command="kill -9 $$")).status == "failed"
    slow = await _call(toolbox, "run_shell", command="sleep 60", timeout=1)
    assert slow.status == "timeout"
    assert "killed after 1 s" in slow.text


async def test_an_absurd_time_limit_is_no_trouble(toolbox: Toolbox) -> None:
    assert (await _call(toolbox, "run_shell", command="echo x", timeout=10**400)).text == "x"


async def test_tests_and_the_end(toolbox: Toolbox) -> None:
    graded = await _call(toolbox, "run_tests")
    assert (graded.text, graded.grade_ids) == ("graded ''", ("g1",))
    assert (await _call(toolbox, "finish", summary="done")).text == "done"
