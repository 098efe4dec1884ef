"""What ACP tells as items: the tables, and what one update becomes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from loopwright.agents.protocol import AgentItem
from loopwright.base import clip, one_line

__all__ = [
    "CHANGES",
    "STOPS",
    "UPDATES",
    "Update",
    "call_item",
    "plan_item",
    "result_item",
    "text_item",
    "unknown_item",
]

Update = Literal["words", "tool", "plan", "books"]

UPDATES: dict[str, Update] = {
    # session/update              what becomes of it
    "agent_message_chunk": "words",  # a text item, when something else begins
    "agent_thought_chunk": "words",  # a reasoning item, when something else begins
    "tool_call": "tool",  # a tool_call item when it runs, a tool_result item when it has ended
    "tool_call_update": "tool",
    "plan": "plan",  # a text item with the whole plan, wherever it changed
    "plan_update": "plan",
    "plan_removed": "books",  # nothing: what was planned is recorded
    "user_message_chunk": "books",  # nothing: the prompt is recorded
    "available_commands_update": "books",  # nothing, like all that follows: no work of the agent
    "current_mode_update": "books",
    "config_option_update": "books",
    "session_info_update": "books",
    "usage_update": "books",  # the gateway's record has each call's usage
}
"""An update of any other kind becomes an `unknown` item."""

CHANGES: dict[str, Literal["result", "none"]] = {
    # kind of a tool call: whether its result may have changed files
    "read": "none",
    "search": "none",
    "think": "result",  # sub-agents are of this kind
    "fetch": "none",
    "switch_mode": "none",
    "edit": "result",
    "delete": "result",
    "move": "result",
    "execute": "result",
    "other": "result",
}
"""Of any other kind: it may have."""

STOPS: dict[str, tuple[Literal["finished", "interrupted", "error"], str]] = {
    # why a prompt ended: the turn's outcome
    "end_turn": ("finished", ""),
    "max_tokens": ("finished", "the model's output limit was reached"),
    "max_turn_requests": ("finished", "the agent's own limit of requests in a turn was reached"),
    "refusal": ("error", "the model refused to go on"),
    "cancelled": ("interrupted", "cancelled"),
}

_RUN_TESTS = re.compile(r"(?:^|[^a-z])run_tests(?:$|[^a-z_])")
_NAME = re.compile(r"[\w.:/-]{1,80}")
# How OpenCode ends a call of a tool that there is not, with the status `completed`.
_NO_SUCH_TOOL = "Invalid Tool"
_MAIN = ("command", "filePath", "file_path", "path", "test_path", "pattern", "query", "description")


def text_item(kind: Literal["text", "reasoning"], text: str, raw: Any) -> AgentItem:
    """What the agent said or thought, whole."""
    return AgentItem(kind, "message" if kind == "text" else "thought", one_line(text), text, raw=raw)


def plan_item(plan: Mapping[str, Any]) -> AgentItem | None:
    """The agent's plan as a text of one line an entry; None where it has none."""
    entries = plan.get("entries")
    entries = entries if isinstance(entries, list) else []
    lines = [f"[{one.get('status', '')}] {one.get('content', '')}" for one in entries if isinstance(one, dict)]
    text = "\n".join(lines)
    return AgentItem("text", "plan", one_line(f"plan: {text}"), text, raw=dict(plan)) if text else None


def call_item(call: Mapping[str, Any], raw: Any) -> AgentItem:
    """A tool runs. `call` holds the newest value of each field."""
    name = tool_name(call)
    return AgentItem(
        "tool_call",
        "tool_call",
        one_line(f"{name} {_brief(call)}"),
        tool_name=name,
        call_id=str(call["toolCallId"]),
        arguments=call.get("rawInput"),
        may_change_files=name == "run_tests",
        raw=raw,
    )


def result_item(call: Mapping[str, Any], raw: Any, output: str | None, code: int | None) -> AgentItem:
    """A tool ended.

    Args:
        call: The newest value of each field.
        raw: The update that said so.
        output: What the terminal of the call printed, if it had one.
        code: With what exit code it ended.
    """
    name = tool_name(call)
    text = output if output is not None else _content(call.get("content"))
    raw_output = call.get("rawOutput")
    result = text or (_output(raw_output) if raw_output is not None else "")
    code = _exit_code(raw_output) if code is None else code
    failed = call.get("status") == "failed" or code not in (None, 0) or call.get("title") == _NO_SUCH_TOOL
    changes = CHANGES.get(str(call.get("kind") or "other"), "result") == "result"
    return AgentItem(
        "tool_result",
        "tool_call",
        one_line(result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=str)[:2000]),
        role="user",
        tool_name=name,
        call_id=str(call["toolCallId"]),
        result=result,
        tool_status="failed" if failed else "completed",
        exit_code=code,
        may_change_files=changes and name != "run_tests",
        raw=raw,
    )


def unknown_item(update: Mapping[str, Any], kind: str) -> AgentItem:
    """Something that this version of us does not know."""
    text = json.dumps(update, ensure_ascii=False, default=str)
    return AgentItem("unknown", one_line(kind, 80) or "?", one_line(text[:2000]), raw=dict(update))


def tool_name(call: Mapping[str, Any]) -> str:
    """The tool's name. ACP has none: agents put it into their metadata, or into the first title; else its kind."""
    names = [*_meta_names(call.get("_meta")), call.get("firstTitle"), call.get("title")]
    if any(isinstance(name, str) and _RUN_TESTS.search(name) for name in names):
        return "run_tests"
    for name in names[:-1]:
        if isinstance(name, str) and _NAME.fullmatch(name):
            return name
    return clip(str(call.get("kind") or "other"), 80)


def _meta_names(meta: Any) -> list[Any]:
    found = []
    for value in meta.values() if isinstance(meta, dict) else ():
        if isinstance(value, dict):
            found += [value.get("toolName"), value.get("tool_name")]
    return found


def _brief(call: Mapping[str, Any]) -> str:
    arguments = call.get("rawInput")
    if isinstance(arguments, dict):
        for key in _MAIN:
            if isinstance(arguments.get(key), str):
                return str(arguments[key])[:2000]
    return str(call.get("title") or "")[:2000]


def _content(content: Any) -> str:
    """The texts of a tool call's content; a diff is named, as the files themselves are on record."""
    found = []
    for block in content if isinstance(content, list) else ():
        inner = block.get("content") if isinstance(block, dict) else None
        if isinstance(inner, dict) and isinstance(inner.get("text"), str):
            found.append(inner["text"])
        elif isinstance(block, dict) and block.get("type") == "diff":
            found.append(f"(changed {block.get('path')})")
    return "\n".join(found)


def _output(value: Any) -> Any:
    """The text in a tool's own form of output, where it is in one of the usual places; else all of it."""
    if isinstance(value, dict):
        for key in ("output", "formatted_output", "aggregated_output", "error", "stdout"):
            if isinstance(value.get(key), str):
                return value[key]
    return value


def _exit_code(value: Any) -> int | None:
    """The exit code that agents put into their own form of output."""
    if not isinstance(value, dict):
        return None
    metadata = value.get("metadata")
    for place in (value, metadata if isinstance(metadata, dict) else {}):
        for key in ("exit", "exitCode", "exit_code"):
            code = place.get(key)
            if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 1 << 31:
                return code
    return None
