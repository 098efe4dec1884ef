"""What a model does wrong comes back to it as a failed result; nothing that it names can break the run."""

from __future__ import annotations

import os
from typing import Any

import pytest
from tests.runtime.tools.conftest import MakeBench

from loopwright.runtime.calls import Call

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("read_fil", {"path": "a"}, "Did you mean 'read_file'?"),
        ("read_file", {}, "needs the argument 'path'"),
        ("read_file", {"path": None}, "needs the argument 'path'"),
        ("read_file", {"path": 3}, "must be of type string"),
        ("read_file", {"path": "a.txt", "offset": True}, "must be of type integer"),
        ("read_file", {"path": "a.txt", "offset": 0}, "must be at least 1"),
        ("read_file", {"pth": "a.txt"}, "Did you mean 'path'?"),
        ("read_file", {"path": "a.txt", "offset": 9}, "has only 3 lines"),
        ("read_file", {"path": "\ud800"}, "error"),
        ("read_file", {"path": "a\0b"}, "NUL"),
        ("read_file", {"path": "../../etc/passwd"}, "outside of the workspace"),
        ("list_dir", {"path": "x" * 300}, "error"),
        ("list_dir", {"path": "none"}, "no folder"),
        ("list_dir", {"depth": 9}, "must be at most"),
        ("find_files", {"pattern": "../*"}, "leads outside"),
        ("edit_file", {"path": "a.txt", "old": "", "new": "x"}, "is empty"),
        ("edit_file", {"path": "a.txt", "old": "o", "new": "x"}, "places"),
        ("edit_file", {"path": "none.txt", "old": "o", "new": "x"}, "none.txt"),
        ("apply_patch", {"patch": "hello"}, "no patch in it"),
        ("apply_patch", {"patch": "*** Begin Patch\n*** Update File: a.txt\n"}, "error"),
        ("create_file", {"path": "a.txt", "content": "x"}, "a.txt"),
        ("write_file", {"path": ".", "content": "x"}, "not a file"),
        ("search", {"pattern": "("}, "search failed"),
        ("run_tests", {"test_path": "wrong"}, "graded"),
    ],
)
async def test_a_wrong_call_is_a_failed_result(
    bench: MakeBench, name: str, arguments: dict[str, Any], words: str
) -> None:
    tools = bench()
    result = await tools.call(name, **arguments)
    assert result.status == "failed"
    assert words in result.text
    result.text.encode()
    assert (tools.workspace / "a.txt").read_text() == "one\ntwo\x0cstill two\nthree\n"


async def test_arguments_that_could_not_be_read(bench: MakeBench) -> None:
    result = await bench().given(Call("c1", "read_file", None, "[1]", problem="not a JSON object"))
    assert (result.status, "not a JSON object ([1])" in result.text) == ("failed", True)


async def test_an_argument_that_is_null_counts_as_left_out(bench: MakeBench) -> None:
    assert (await bench().call("read_file", path="a.txt", offset=None, limit=1)).text.startswith("    1  one")


async def test_reading_and_writing(bench: MakeBench) -> None:
    tools = bench()
    read = await tools.call("read_file", path="a.txt", offset=2, limit=1)
    assert read.text.startswith("    2  two\x0cstill two")
    assert "1 more lines" in read.text
    written = await tools.call("write_file", path="b/c.txt", content="x\n")
    assert written.text == "created b/c.txt (1 lines, 2 bytes)"
    assert (await tools.call("edit_file", path="b/c.txt", old="x", new="y")).text.startswith("updated b/c.txt")
    assert (await tools.call("list_dir")).text == "a.txt\nb/"
    assert (await tools.call("find_files", pattern="**/*.txt")).text == "a.txt\nb/c.txt"
    assert "b/c.txt:1:y" in (await tools.call("search", pattern="^y")).text
    assert (await tools.call("search", pattern="nothing")).text == "(no match)"
    patch = "*** Begin Patch\n*** Update File: b/c.txt\n@@\n-y\n+z\n*** Add File: d.txt\n+d\n*** End Patch\n"
    assert (await tools.call("apply_patch", patch=patch)).status == "completed"
    diff = "--- a/d.txt\n+++ b/d.txt\n@@ -1 +1 @@\n-d\n+D\n"
    assert (await tools.call("apply_patch", patch=diff)).status == "completed"
    assert ((tools.workspace / "b/c.txt").read_text(), (tools.workspace / "d.txt").read_text()) == ("z\n", "D\n")


async def test_a_whole_file_is_written_by_the_edit_engine(bench: MakeBench) -> None:
    tools = bench()
    same = await tools.call("write_file", path="a.txt", content=(tools.workspace / "a.txt").read_text())
    assert (same.status, same.text.partition(" (")[0]) == ("completed", "it is so already: a.txt")
    for content, told in (
        ("one\n// ... rest of the code unchanged ...\n", "instead of the code"),
        ("a\0b", "NUL"),
        ("\ud800", "not valid Unicode"),
    ):
        refused = await tools.call("write_file", path="a.txt", content=content)
        assert refused.status == "failed"
        assert "no file was changed" in refused.text
        assert told in refused.text
    assert (tools.workspace / "a.txt").read_text().startswith("one")


async def test_search_names_files_and_keeps_the_order_of_lines(bench: MakeBench) -> None:
    tools = bench()
    (tools.workspace / "n.c").write_text("".join(f"int n{number};\n" for number in range(1, 12)))
    (tools.workspace / "latin.c").write_bytes(b"// f\xfcr int\n")
    in_file = await tools.call("search", pattern="int n1", path="n.c")
    assert in_file.text == "n.c:1:int n1;\nn.c:10:int n10;\nn.c:11:int n11;\n"
    assert (await tools.call("search", pattern="int$")).text == "latin.c:1:// f\N{REPLACEMENT CHARACTER}r int\n"
    everywhere = await tools.call("search", pattern="int")
    assert everywhere.text.splitlines()[1] == "n.c:1:int n1;"
    assert [everywhere.summary, (await tools.call("search", pattern="n1;")).summary] == ["12 matches", "1 match"]


async def test_search_says_that_a_place_is_not_there(bench: MakeBench) -> None:
    missing = await bench().call("search", pattern="x", path="srcs")
    assert (missing.status, "no file or folder srcs" in missing.text) == ("failed", True)


async def test_a_listing_that_is_cut_says_so(bench: MakeBench) -> None:
    tools = bench()
    for folder in ("many", "rest"):
        (tools.workspace / folder).mkdir()
    for number in range(2001):
        (tools.workspace / f"many/{number}").touch()
    text = (await tools.call("list_dir", depth=2)).text
    assert "not all folders are listed" in text
    assert "not all folders" not in (await tools.call("list_dir")).text


async def test_lines_are_counted_as_compilers_count_them(bench: MakeBench) -> None:
    tools = bench()
    for content, lines in (("a\x0cb\u2028c\rd\n", 1), ("a\n\n", 2), ("a\nb", 2), ("", 0)):
        assert f"({lines} lines, " in (await tools.call("write_file", path="l", content=content)).text


async def test_a_folder_with_a_name_that_is_not_utf8(bench: MakeBench) -> None:
    tools = bench()
    (tools.workspace / "odd").mkdir()
    os.close(os.open(os.fsencode(tools.workspace / "odd") + b"/\xff", os.O_CREAT | os.O_WRONLY))
    (await tools.call("list_dir", path="odd")).text.encode()


async def test_a_huge_a_binary_and_a_foreign_file(bench: MakeBench) -> None:
    tools = bench()
    with (tools.workspace / "huge").open("wb") as file:
        file.truncate(100 << 20)
    assert "too many to read at once" in (await tools.call("read_file", path="huge")).text
    (tools.workspace / "binary").write_bytes(bytes(range(256)))
    (await tools.call("read_file", path="binary")).text.encode()
    (tools.workspace / "out").symlink_to("/etc/hostname")
    assert (await tools.call("read_file", path="out")).status == "failed"
    os.mkfifo(tools.workspace / "pipe")
    assert "not a regular file" in (await tools.call("read_file", path="pipe")).text


async def test_shell(bench: MakeBench) -> None:
    tools = bench()
    told = await tools.call("run_shell", command="echo a; echo b >&2; exit 3")
    assert (told.text, told.exit_code, told.status) == ("a\nb\n[exit code 3]", 3, "failed")
    assert (await tools.call("run_shell", command="true")).text == "(no output)"
    flood = await tools.call("run_shell", command="echo begin; seq 100000; echo end")
    assert len(flood.text) < 20_000
    assert flood.text.startswith("begin\n1\n")
    assert flood.text.endswith("100000\nend")
    assert "bytes left out" in flood.text
    assert (await tools.call("run_shell", command="kill -9 $$")).status == "failed"
    slow = await tools.call("run_shell", command="sleep 60", timeout=1)
    assert (slow.status, "killed after 1 s" in slow.text) == ("timeout", True)
    (await tools.call("run_shell", command="printf '\\377\\033[2J'")).text.encode()


async def test_tests_and_the_end(bench: MakeBench) -> None:
    tools = bench()
    graded = await tools.call("run_tests")
    assert (graded.text, graded.grade_ids, graded.tests) == ("graded ''", ("g1",), (1, 2))
    ended = await tools.call("finish", summary="done")
    assert (ended.text, ended.finishes) == ("done", True)
