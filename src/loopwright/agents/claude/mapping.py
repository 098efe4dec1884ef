"""What each line and block of Claude Code's stream becomes."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from loopwright.agents.claude.settings import MCP_SERVER
from loopwright.agents.protocol import AgentItem
from loopwright.base import one_line
from loopwright.record import PartType

__all__ = [
    "API_ERROR",
    "BLOCKS",
    "PASSED_LINES",
    "PASSED_SYSTEM",
    "call_item",
    "result_item",
    "text_item",
    "tool_name",
    "unknown_item",
]

# Content blocks.     block type        part type
BLOCKS: dict[str, PartType] = {
    "thinking": "reasoning",
    "redacted_thinking": "reasoning",
    "text": "text",
    "tool_use": "tool_call",
    "server_tool_use": "tool_call",
    "mcp_tool_use": "tool_call",
    "tool_result": "tool_result",
    "web_search_tool_result": "tool_result",
    "web_fetch_tool_result": "tool_result",
    "mcp_tool_result": "tool_result",
}

# Tools that leave the files as they are. Every other one may change them, also one that is not known.
_READING = frozenset(
    (
        *("Read", "Grep", "Glob", "LS", "NotebookRead", "WebFetch", "WebSearch", "TodoWrite", "ListAgents"),
        *("TaskCreate", "TaskGet", "TaskList", "TaskUpdate", "ReportFindings", "run_tests"),
        *("ListMcpResourcesTool", "ReadMcpResourceTool", "ReadMcpResourceDirTool"),
    )
)

# Lines that are no parts, by their type.
PASSED_LINES = frozenset(
    (
        "control_response",  # answers to our interrupts
        "control_cancel_request",
        "keep_alive",
        "tool_progress",  # a tool still runs
        "tool_use_summary",  # a line for people about calls that are parts already
        "rate_limit_event",
        "prompt_suggestion",
        "auth_status",
        "streamlined_text",
        "streamlined_tool_use_summary",
        "transcript_mirror",
    )
)

# Lines of the type `system` that are no parts, by their subtype.
PASSED_SYSTEM = frozenset(
    (
        *("status", "thinking_tokens", "session_state_changed", "model_refusal_fallback"),
        *("task_started", "task_progress", "task_updated", "task_notification", "background_tasks_changed"),
        *("hook_started", "hook_progress", "hook_response", "files_persisted", "local_command_output"),
        *("post_turn_summary", "elicitation_complete", "commands_changed", "plugin_install", "memory_recall"),
        "permission_denied",  # the call's result says so too
    )
)

API_ERROR = "<synthetic>"
"""The model's name on messages that the CLI wrote itself, because a call failed."""

_RUN_TESTS = f"mcp__{MCP_SERVER}__run_tests"
_EXIT = re.compile(r"\A(?:Error: )?Exit code (\d{1,3})\b")
_TIMED_OUT = re.compile(r"^(?:Error: )?Command timed out after ", re.MULTILINE)
_REFUSED = (
    *("The user doesn't want to proceed with this tool use", "Permission to use ", "Claude requested permissions"),
    "Dangerous rm operation detected",  # asked even where everything is allowed, and nobody is there to say yes
)
# What is most telling about a call, the first that there is.
_TELLING = ("command", "file_path", "notebook_path", "test_path", "pattern", "description", "subject", "url", "query")

_Status = Literal["completed", "failed", "denied", "timeout"]
_Json = dict[str, Any]


def tool_name(name: str) -> str:
    """The CLI's own name of a tool, but `run_tests` for ours."""
    return "run_tests" if name == _RUN_TESTS else name


def text_item(block: _Json, kind: PartType) -> AgentItem:
    """Thinking or text."""
    text = _string(block.get("thinking")) or _string(block.get("text"))
    if block.get("type") == "redacted_thinking":
        text = "(the provider does not show this reasoning)"
    return AgentItem(kind, _string(block.get("type")), one_line(text), text)


def call_item(block: _Json) -> AgentItem:
    """A tool call. Before `run_tests` the files are looked at, so that the grade has a commit."""
    name = tool_name(_string(block.get("name")))
    arguments = block.get("input")
    return AgentItem(
        "tool_call",
        _string(block.get("type")),
        one_line(f"{name} {_telling(arguments)}"),
        tool_name=name,
        call_id=_string(block.get("id")),
        arguments=arguments,
        may_change_files=name == "run_tests",
    )


def result_item(block: _Json, line: _Json, name: str) -> AgentItem:
    """The result of a call of the tool `name`; `line` may hold a structured result beside the text."""
    text = _content_text(block.get("content"))
    details = line.get("tool_use_result")
    status = _status(block, text, details)
    return AgentItem(
        "tool_result",
        _string(block.get("type")),
        one_line(text) or status,
        role="user",
        tool_name=name,
        call_id=_string(block.get("tool_use_id")),
        result=text,
        tool_status=status,
        exit_code=_exit_code(name, text, status, details),
        may_change_files=name not in _READING,
    )


def unknown_item(kind: str, value: Any) -> AgentItem:
    """Something that this version does not know; its content is kept as it is."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return AgentItem("unknown", kind, one_line(f"{kind}: {text}"), text)


def _status(block: _Json, text: str, details: Any) -> _Status:
    if text.startswith(_REFUSED):
        return "denied"
    if _TIMED_OUT.search(text[:2000]) and block.get("is_error") is True:
        return "timeout"
    interrupted = isinstance(details, dict) and details.get("interrupted") is True
    return "failed" if block.get("is_error") is True or interrupted else "completed"


def _exit_code(name: str, text: str, status: _Status, details: Any) -> int | None:
    """Only shell commands have one; it is told in words where it is not 0."""
    if name != "Bash":
        return None
    told = _EXIT.match(text)
    if status != "completed":
        return int(told.group(1)) if told else None
    # Where the CLI explains a code (`grep` found nothing), it does not say which one it was.
    explained = isinstance(details, dict) and details.get("returnCodeInterpretation")
    return None if explained or not isinstance(details, dict) else 0


def _content_text(content: Any) -> str:
    """The text of all blocks; other blocks are named."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return "" if content is None else json.dumps(content, ensure_ascii=False)
    return "\n".join(_block_text(block) for block in content)


def _block_text(block: Any) -> str:
    if isinstance(block, dict) and isinstance(block.get("text"), str):
        return str(block["text"])
    kind = block.get("type") if isinstance(block, dict) else type(block).__name__
    return f"[{kind}]"


def _telling(arguments: Any) -> str:
    if not isinstance(arguments, dict):
        return json.dumps(arguments, ensure_ascii=False)
    for key in _TELLING:
        if isinstance(arguments.get(key), str):
            return str(arguments[key])
    return json.dumps(arguments, ensure_ascii=False) if arguments else ""


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
