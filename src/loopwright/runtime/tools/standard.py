"""The tools of the smallest agent, visible at a glance."""

from __future__ import annotations

from typing import Any

from loopwright.agents.protocol import AgentContext
from loopwright.runtime.tools.files import edit_file, list_dir, read_file, search, write_file
from loopwright.runtime.tools.shell import run_shell
from loopwright.runtime.tools.toolbox import Tool, ToolResult, ToolStatus

__all__ = ["STANDARD_TOOLS"]


def _string(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _integer(description: str) -> dict[str, Any]:
    return {"type": "integer", "description": description}


_PATH = _string("path relative to /workspace")


async def run_tests(context: AgentContext, arguments: dict[str, Any], call_id: str) -> ToolResult:
    """Grade the workspace as it is now."""
    reply = await context.run_tests(arguments.get("test_path", ""), call_id)
    status: ToolStatus = "completed" if reply.ok else "failed"
    return ToolResult(reply.text, status, grade_ids=(reply.grade_id,), may_change_files=False)


async def finish(context: AgentContext, arguments: dict[str, Any], call_id: str) -> ToolResult:
    """End the turn with a summary."""
    return ToolResult(arguments["summary"])


STANDARD_TOOLS = (
    Tool(
        "read_file",
        "Read a text file. Lines are numbered.",
        {"path": _PATH, "offset": _integer("first line, from 1"), "limit": _integer("number of lines")},
        read_file,
        optional=("offset", "limit"),
        output_bytes=65_536,
    ),
    Tool(
        "write_file",
        "Create a file, or replace it as a whole. Folders are made where they are missing.",
        {"path": _PATH, "content": _string("the whole new content")},
        write_file,
    ),
    Tool(
        "edit_file",
        "Replace one piece of a file. `old` must occur exactly once, character for character.",
        {"path": _PATH, "old": _string("the text to replace"), "new": _string("the text to put there")},
        edit_file,
    ),
    Tool("list_dir", "List a folder.", {"path": _PATH}, list_dir, optional=("path",)),
    Tool(
        "search",
        "Search the files of a folder for an extended regular expression.",
        {"pattern": _string("the expression"), "path": _PATH},
        search,
        optional=("path",),
    ),
    Tool(
        "run_shell",
        "Run a bash command in /workspace. There is no network. Output and errors come back in one stream.",
        {"command": _string("the command"), "timeout": _integer("seconds until it is killed; 120 by default")},
        run_shell,
        optional=("timeout",),
    ),
    Tool(
        "run_tests",
        "Grade the workspace. An empty path runs every suite; a suite, a folder of it or one test runs just that.",
        {"test_path": _string('e.g. "", "basics", "basics/loops", "basics/loops/for_1"')},
        run_tests,
        optional=("test_path",),
        output_bytes=32_768,
    ),
    Tool(
        "finish",
        "Say that you are done, with a short summary. The tests decide whether it is true.",
        {"summary": _string("one or two sentences")},
        finish,
    ),
)
