"""OpenCode's parts as items: the tables, and what one part becomes."""

from __future__ import annotations

import json
from typing import Any, Literal

from msgspec import Struct

from loopwright.agents.opencode.settings import MCP_NAME
from loopwright.agents.protocol import AgentItem
from loopwright.base import one_line
from loopwright.record import Usage

__all__ = ["KINDS", "TOOLS", "Kind", "Tool", "call_item", "result_item", "text_item", "unknown_item", "usage_of"]

Kind = Literal["words", "tool", "usage", "books", "notice", "prompt"]

KINDS: dict[str, Kind] = {
    # part type      what becomes of it
    "reasoning": "words",  # a reasoning item, when it has ended
    "text": "words",  # a text item, when it has ended; a person's text is the prompt, which is recorded already
    "tool": "tool",  # a tool_call item when it runs, a tool_result item when it has ended
    "step-start": "books",  # nothing: a reply of the model begins
    "step-finish": "usage",  # the usage of the reply's last item
    "snapshot": "books",  # nothing: OpenCode's own git; it is turned off, as our checkpoints hold the same
    "patch": "books",  # nothing: which files a reply changed, by that git; the results of its tools say it already
    "retry": "notice",  # a notice: the model did not answer
    "compaction": "notice",  # a notice: the conversation is summarised
    "file": "prompt",  # nothing in a prompt; an `unknown` item in a reply
    "agent": "prompt",
    "subtask": "prompt",
}
"""A part of any other kind becomes an `unknown` item."""


class Tool(Struct, frozen=True):
    """How one of OpenCode's tools is recorded: its name, which part may have changed files, its main argument."""

    name: str
    changes: Literal["call", "result", "none"] = "result"
    main: str = ""


TOOLS: dict[str, Tool] = {
    # OpenCode's name       recorded as, changes files, main argument
    "bash": Tool("bash", "result", "command"),
    "edit": Tool("edit", "result", "filePath"),
    "multiedit": Tool("multiedit", "result", "filePath"),
    "write": Tool("write", "result", "filePath"),
    "patch": Tool("patch", "result"),
    "apply_patch": Tool("apply_patch", "result"),
    "task": Tool("task", "result", "description"),
    "batch": Tool("batch", "result"),
    "read": Tool("read", "none", "filePath"),
    "glob": Tool("glob", "none", "pattern"),
    "grep": Tool("grep", "none", "pattern"),
    "list": Tool("list", "none", "path"),
    "lsp": Tool("lsp", "none"),
    "skill": Tool("skill", "none", "name"),
    "todowrite": Tool("todowrite", "none"),
    "todoread": Tool("todoread", "none"),
    "webfetch": Tool("webfetch", "none", "url"),
    "websearch": Tool("websearch", "none", "query"),
    "codesearch": Tool("codesearch", "none", "query"),
    "question": Tool("question", "none"),
    "invalid": Tool("invalid", "none"),  # OpenCode's answer to a call of a tool that there is not
    "list_mcp_resources": Tool("list_mcp_resources", "none"),
    "list_mcp_resource_templates": Tool("list_mcp_resource_templates", "none"),
    "read_mcp_resource": Tool("read_mcp_resource", "none"),
    f"{MCP_NAME}_run_tests": Tool("run_tests", "call", "test_path"),
}
"""Any other tool keeps its name, and its result may have changed files."""

_TIMEOUT = "terminated command after exceeding timeout"
_DENIED = ("rejected permission", "permission rules", "user rejected", "has specified a rule which prevents")


def tool_of(name: str) -> Tool:
    """The row of a tool."""
    return TOOLS.get(name) or Tool(name or "?")


def text_item(part: dict[str, Any], text: str, reply: int | None, parent: str | None) -> AgentItem:
    """What the model said or thought."""
    kind: Literal["reasoning", "text"] = "reasoning" if part.get("type") == "reasoning" else "text"
    return AgentItem(kind, kind, one_line(text), text, reply=reply, parent=parent, raw=part)


def call_item(part: dict[str, Any], call_id: str, reply: int | None, parent: str | None) -> AgentItem:
    """A tool runs: its arguments are complete."""
    tool = _tool(part)
    arguments = state_of(part).get("input")
    return AgentItem(
        "tool_call",
        "tool",
        one_line(f"{tool.name} {_brief(tool, arguments)}"),
        tool_name=tool.name,
        call_id=call_id,
        arguments=arguments,
        may_change_files=tool.changes == "call",
        reply=reply,
        parent=parent,
        raw=part,
    )


def result_item(part: dict[str, Any], call_id: str, reply: int | None, parent: str | None) -> AgentItem:
    """A tool ended. The part's state is `completed` or `error`."""
    state, tool = state_of(part), _tool(part)
    result = state.get("output") if state.get("status") == "completed" else state.get("error")
    code = _exit_code(state)
    return AgentItem(
        "tool_result",
        "tool",
        one_line(_brief(tool, result)),
        role="user",
        tool_name=tool.name,
        call_id=call_id,
        result=result,
        tool_status=_status(words(part.get("tool")), state, result, code),
        exit_code=code,
        may_change_files=tool.changes == "result",
        reply=reply,
        parent=parent,
        raw=part,
    )


def unknown_item(raw: Any, kind: str, reply: int | None, parent: str | None) -> AgentItem:
    """Something that this version of us does not know."""
    return AgentItem("unknown", one_line(kind, 80) or "?", one_line(_text(raw)), reply=reply, parent=parent, raw=raw)


def usage_of(part: dict[str, Any]) -> Usage | None:
    """The tokens of a reply, from its `step-finish`; None where it tells none. Its output leaves out reasoning."""
    tokens = _dict(part.get("tokens"))
    cache = _dict(tokens.get("cache"))
    reasoning = _count(tokens.get("reasoning"))
    usage = Usage(
        input_tokens=_count(tokens.get("input")),
        output_tokens=_count(tokens.get("output")) + reasoning,
        cache_read_tokens=_count(cache.get("read")),
        cache_write_tokens=_count(cache.get("write")),
        reasoning_tokens=reasoning,
    )
    return usage if usage.total else None


def state_of(part: dict[str, Any]) -> dict[str, Any]:
    """The state of a tool part; empty where it is none."""
    return _dict(part.get("state"))


def words(value: Any) -> str:
    """The value, if it is a text."""
    return value if isinstance(value, str) else ""


def _tool(part: dict[str, Any]) -> Tool:
    """The row of a part's tool; for a tool that there is not, a row with the name that the model asked for."""
    name = words(part.get("tool"))
    asked = words(_dict(state_of(part).get("input")).get("tool")) if name == "invalid" else ""
    return Tool(asked[:200], "none", "error") if asked else tool_of(name)


def _status(
    name: str, state: dict[str, Any], result: Any, code: int | None
) -> Literal["completed", "failed", "denied", "timeout"]:
    text = words(result)
    if state.get("status") != "completed":
        return "denied" if any(sign in text for sign in _DENIED) else "failed"
    if name == "bash" and code is None and _TIMEOUT in text[-2000:]:
        return "timeout"
    return "failed" if name == "invalid" or code not in (None, 0) else "completed"


def _exit_code(state: dict[str, Any]) -> int | None:
    code = _dict(state.get("metadata")).get("exit")
    return code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 1 << 31 else None


def _brief(tool: Tool, value: Any) -> str:
    if isinstance(value, dict) and isinstance(value.get(tool.main), str):
        return str(value[tool.main])
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value[:2000]
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)[:2000]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and 0 < value < 1 << 53 else 0
