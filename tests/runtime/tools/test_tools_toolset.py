"""Choosing, dressing, renaming and finding tools; and what is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runtime.tools.conftest import MakeBench

from loopwright.base import UsageError
from loopwright.runtime.calls import Call
from loopwright.runtime.tools.definition import load_definitions
from loopwright.runtime.tools.handlers import HANDLERS
from loopwright.runtime.tools.toolset import Dress

pytestmark = pytest.mark.anyio


def test_wildcards_choose_in_their_order(bench: MakeBench) -> None:
    names = [spec.id for spec in bench(include=("run_*", "read_file", "*_file")).toolset.specs]
    assert names[:3] == ["run_shell", "run_tests", "read_file"]
    assert sorted(names[3:]) == ["create_file", "edit_file", "write_file"]


@pytest.mark.parametrize(("glob", "words"), [("read_fil", "Did you mean 'read_file'?"), ("x*", "There are:")])
def test_a_glob_that_fits_no_tool_is_an_error(bench: MakeBench, glob: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        bench(include=(glob,))
    assert words in str(caught.value)
    assert caught.value.where == "tools.registry.include"


async def test_a_dressed_tool_runs_under_its_new_name_and_arguments(bench: MakeBench) -> None:
    dress = Dress(
        rename={"edit_file": "replace", "run_shell": "terminal"},
        descriptions={"edit_file": "Swap text."},
        arguments={"edit_file": {"filePath": "path", "before": "old", "after": "new"}},
        syntax_style={"run_shell": "bash_block"},
    )
    tools = bench(dress=dress)
    spec = tools.toolset.find("replace").spec
    assert (spec.id, spec.description) == ("edit_file", "Swap text.")
    assert list(spec.json_schema()["properties"]) == ["filePath", "before", "after"]
    assert tools.toolset.find("terminal").spec.dialect == "bash_block"
    assert (await tools.call("replace", filePath="a.txt", before="one", after="ONE")).status == "completed"
    assert (tools.workspace / "a.txt").read_text().startswith("ONE\n")
    old = await tools.call("replace", path="a.txt", old="ONE", new="one")
    assert "has no argument 'path'" in old.text
    assert (await tools.call("edit_file", path="a.txt")).status == "failed"


def test_an_overlay_that_renames_what_is_not_there(bench: MakeBench) -> None:
    with pytest.raises(UsageError, match="no argument 'text'"):
        bench(dress=Dress(arguments={"edit_file": {"words": "text"}}))


def test_an_overlay_that_gives_two_arguments_one_name(bench: MakeBench) -> None:
    with pytest.raises(UsageError, match="two arguments of read_file would be called 'limit'"):
        bench(dress=Dress(arguments={"read_file": {"limit": "offset"}}))
    swapped = bench(dress=Dress(arguments={"read_file": {"limit": "offset", "offset": "limit"}}))
    assert swapped.toolset.find("read_file").spec.argument_names == {"limit": "offset", "offset": "limit"}


def test_two_tools_of_one_name(bench: MakeBench) -> None:
    with pytest.raises(UsageError, match="two tools are called read_file"):
        bench(dress=Dress(rename={"list_dir": "read_file"}))


async def test_aliases_lead_to_tools_and_to_other_aliases(bench: MakeBench) -> None:
    tools = bench(
        dress=Dress(rename={"finish": "done"}), aliases={"complete": "mark", "mark": "finish", "ls": "list_dir"}
    )
    assert (await tools.call("complete", summary="x")).finishes
    assert (await tools.call("ls")).text == "a.txt"


@pytest.mark.parametrize(
    ("aliases", "words"),
    [
        ({"a": "b", "b": "a"}, "in a circle: a -> b -> a"),
        ({"a": "a"}, "in a circle"),
        ({"a": "read_fil"}, "Did you mean 'read_file'?"),
    ],
)
def test_aliases_that_lead_nowhere(bench: MakeBench, aliases: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        bench(aliases=aliases)
    assert words in str(caught.value)


def _tool(folder: Path, text: str, name: str = "x.yaml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder


GOOD = "id: peek\nkind: read\ndescription: Look at a file.\nhandler: read_file\nparameters:\n"
PATH = "  - {name: file, type: string, handler_name: path}\n"


async def test_a_tool_of_ones_own(bench: MakeBench, tmp_path: Path) -> None:
    tools = bench(paths=("@core", _tool(tmp_path / "mine", GOOD + PATH + "output_bytes: 1024\n")))
    assert "one" in (await tools.call("peek", file="a.txt")).text
    assert (await tools.call("peek", path="a.txt")).status == "failed"
    (tools.workspace / "long.txt").write_text("line\n" * 1000)
    assert len((await tools.call("peek", file="long.txt")).text) < 1200


async def test_a_later_folder_wins(bench: MakeBench, tmp_path: Path) -> None:
    other = _tool(tmp_path / "mine", "id: finish\nkind: finish\ndescription: Stop.\nhandler: finish\n")
    assert bench(paths=("@core", other)).toolset.find("finish").spec.description == "Stop."
    assert bench(paths=(other, "@core")).toolset.find("finish").spec.description != "Stop."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace("read_file", "read_fiel") + PATH, "Did you mean 'read_file'?"),
        (GOOD.replace("read_file", "zzz") + PATH, "There are:"),
        (GOOD.replace("kind: read", "kind: reader") + PATH, "kind"),
        (GOOD + "  - {name: file, type: text}\n", "parameters.0.type"),
        (GOOD + PATH + "colour: red\n", "colour"),
        (GOOD + PATH + PATH, "two parameters called 'file'"),
        (GOOD + "  - {name: the file, type: string, handler_name: path}\n", "parameters.0.name"),
        (GOOD + PATH + "  - {name: limit, type: integer, minimum: .inf}\n", "parameters.1.minimum"),
        ("a: " + "[" * 5000, "not a tool definition"),
        ("id: 'Peek me'\nkind: read\ndescription: x\nhandler: read_file\n", "id"),
        ("- a list", "not a tool definition"),
        ("a: [", "not a tool definition"),
        ("x: " + "y" * 70_000, "bytes"),
    ],
)
def test_a_definition_that_is_wrong_is_told_with_its_file(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_definitions([_tool(tmp_path / "mine", text)], HANDLERS)
    assert words in str(caught.value)
    assert "x.yaml" in str(caught.value.where)


def test_a_folder_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="no such folder of tools"):
        load_definitions(["nowhere"], HANDLERS)


async def test_the_opencode_set_has_its_names_and_does_the_same(bench: MakeBench) -> None:
    tools = bench(paths=("@opencode",))
    names = {spec.name for spec in tools.toolset.specs}
    assert names == {"bash", "edit", "finish", "glob", "grep", "list", "patch", "read", "run_tests", "write"}
    assert (await tools.call("write", filePath="n.txt", content="alpha\nbeta\n")).status == "completed"
    assert (await tools.call("edit", filePath="n.txt", oldString="alpha", newString="ALPHA")).status == "completed"
    every = await tools.call("edit", filePath="n.txt", oldString="a", newString="_", replaceAll=True)
    assert every.status == "completed"
    patch = "*** Begin Patch\n*** Update File: n.txt\n@@\n-bet_\n+gamma\n*** End Patch\n"
    assert (await tools.call("patch", patchText=patch)).status == "completed"
    assert (tools.workspace / "n.txt").read_text() == "ALPHA\ngamma\n"
    assert "gamma" in (await tools.call("read", filePath="n.txt")).text
    assert "n.txt" in (await tools.call("list")).text
    assert (await tools.call("glob", pattern="*.txt")).text == "a.txt\nn.txt"
    assert "n.txt:2:gamma" in (await tools.call("grep", pattern="gam")).text
    assert (await tools.call("bash", command="cat n.txt")).text == "ALPHA\ngamma"
    assert (await tools.call("read", path="n.txt")).status == "failed"


def test_every_shipped_definition_names_a_handler_and_describes_its_arguments() -> None:
    for name in ("@core", "@opencode"):
        definitions, digest = load_definitions([name], HANDLERS)
        assert len(definitions) >= 10
        assert len(digest) == 64
        for definition in definitions.values():
            assert all(parameter.description for parameter in definition.parameters), definition.id
            assert definition.handler in HANDLERS


def test_the_name_of_an_unknown_tool_is_answered_with_those_of_the_mode(bench: MakeBench) -> None:
    toolset = bench().toolset
    with pytest.raises(UsageError) as caught:
        toolset.find("qqq", lambda spec: spec.kind == "read")
    assert "run_shell" not in str(caught.value)
    assert "read_file" in str(caught.value)
    assert toolset.arguments(toolset.find("finish"), Call("c", "finish", {"summary": "x"}, "")) == {"summary": "x"}
