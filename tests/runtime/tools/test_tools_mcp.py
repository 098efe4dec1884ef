"""Tools of a real MCP server, which runs in the agent's sandbox."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.runtime.tools.conftest import Bench, MakeBench

from loopwright.base import MachineError
from loopwright.runtime.tools.context import ToolContext
from loopwright.runtime.tools.mcp_client import McpTools

pytestmark = pytest.mark.anyio

SERVER = Path(__file__).parent / "small_mcp_server.py"
COMMAND = ("/usr/bin/python3", "/workspace/server.py")


@asynccontextmanager
async def _served(bench: MakeBench, context: ToolContext) -> AsyncIterator[Bench]:
    shutil.copy(SERVER, context.agent.workspace / "server.py")
    mcp = McpTools(context, {"small": (COMMAND, {"GREETING": "hello"})})
    await mcp.open()
    try:
        yield bench(extra=tuple(mcp.tools))
    finally:
        await mcp.close()


async def test_the_tools_of_a_server_are_offered_checked_and_run(bench: MakeBench, context: ToolContext) -> None:
    async with _served(bench, context) as tools:
        spec = tools.toolset.find("small__add").spec
        assert (spec.kind, spec.description, spec.resources) == ("mcp", "Add two numbers.", ("write:workspace",))
        assert spec.json_schema()["required"] == ["a"]
        assert (await tools.call("small__add", a=1, b=2)).text == "3"
        assert (await tools.call("small__add", a=1)).text == "2"
        assert "needs the argument 'a'" in (await tools.call("small__add")).text
        assert "must be of type integer" in (await tools.call("small__add", a="1")).text
        failed = await tools.call("small__fail")
        assert (failed.status, failed.text) == ("failed", "fail was called")


async def test_a_server_works_in_the_sandbox_on_the_workspace(bench: MakeBench, context: ToolContext) -> None:
    async with _served(bench, context) as tools:
        assert (await tools.call("small__touch", path="/workspace/made.txt")).may_change_files
        assert (tools.workspace / "made.txt").read_text() == "hello"
        outside = tools.workspace.parent / "outside.txt"
        assert (await tools.call("small__touch", path=str(outside))).status == "failed"
        assert not outside.exists()


async def test_a_server_that_dies_is_a_failed_call(bench: MakeBench, context: ToolContext) -> None:
    async with _served(bench, context) as tools:
        assert (await tools.call("small__die")).status == "failed"
        assert (await tools.call("small__add", a=1)).status == "failed"


@pytest.mark.parametrize("argv", [("/usr/bin/false",), ("/usr/bin/nothing-of-that-name",), ("/bin/echo", "hello")])
async def test_a_program_that_is_no_server(context: ToolContext, argv: tuple[str, ...]) -> None:
    mcp = McpTools(context, {"odd": (argv, {})})
    with pytest.raises(MachineError) as caught:
        await mcp.open()
    assert caught.value.where == "tools.mcp.odd"
    assert argv[0] in str(caught.value.remedy)
