"""What each of Codex's items becomes: the table, and the few ways to read its fields.

Names are those of the app-server protocol; `codex exec --json` says the same in other letters (see `exec_json.py`).
Every reader takes whatever JSON value stands there: a stream is not to be trusted to have the right types.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from loopwright.agents.protocol import AgentItem
from loopwright.base import one_line

__all__ = [
    "QUIET_METHODS",
    "TABLE",
    "Row",
    "call_item",
    "gist",
    "patch_item",
    "refusal_item",
    "result_item",
    "said_item",
    "unknown_item",
]

Item = dict[str, Any]
Status = Literal["called", "completed", "failed", "denied", "timeout"]
Read = Callable[[Item], Any]

_STATUS: dict[str, Status] = {
    "inProgress": "called",
    "completed": "completed",
    "failed": "failed",
    "declined": "denied",
    "interrupted": "failed",
}

_REFUSING = (
    *("unsupported call: ", "unsupported custom tool call: ", "failed to parse function arguments: "),
    "exec_command failed: ",  # the command was not started at all, and no item tells of it
)
"""How what the model gets to read begins where Codex did not carry a call out; that is all that it says of it."""

_TELLING = ("cmd", "message", "prompt", "test_path", "query", "path")
"""Arguments that say what a call is about, the first that is there."""


class Row(Struct, frozen=True):
    """One kind of item.

    Attributes:
        kind: `said` becomes one part when it is complete; `tool` a call and a result; `patch` one part; `notice` and
            `quiet` none.
        part_type: Of what was said.
        text: What was said, or the notice.
        name, arguments, result: Of a tool.
        changes: Whether it may have changed files.
    """

    kind: Literal["said", "tool", "patch", "notice", "quiet"]
    part_type: Literal["text", "reasoning"] = "text"
    text: Read = lambda item: text_of(item.get("text"))
    name: Read = lambda item: ""
    arguments: Read = lambda item: None
    result: Read = lambda item: None
    changes: bool = False


def text_of(value: Any) -> str:
    """Text as it is, a list of text or of content with text joined by newlines, anything else as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(one, str) or _has_text(one) for one in value):
        return "\n".join(one if isinstance(one, str) else one["text"] for one in value)
    return json.dumps(value, ensure_ascii=False)


def _has_text(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("text"), str)


def _thought(item: Item) -> str:
    said = (text_of(item.get(field)) for field in ("summary", "content", "text"))
    return "\n\n".join(text for text in said if text)


def _command(item: Item) -> Any:
    """The command as the model wrote it, without the shell that Codex puts around it."""
    actions = item.get("commandActions")
    inner = [one.get("command") for one in actions if isinstance(one, dict)] if isinstance(actions, list) else []
    whole = item.get("command")
    plain = inner[0] if len(inner) == 1 and isinstance(inner[0], str) else _unwrapped(text_of(whole))
    return {"cmd": plain, **_some("cwd")(item)}


def _unwrapped(command: str) -> str:
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    return words[2] if len(words) == 3 and words[1] in ("-c", "-lc") else command


def _mcp_result(item: Item) -> Any:
    error, result = item.get("error"), item.get("result")
    if error:
        return text_of(error.get("message") if isinstance(error, dict) else error)
    if not isinstance(result, dict):
        return result
    return text_of(result.get("content")) or result.get("structuredContent", result.get("structured_content"))


def _some(*fields: str) -> Read:
    return lambda item: {field: item[field] for field in fields if item.get(field) is not None}


def _field(name: str) -> Read:
    return lambda item: item.get(name)


def _delegation(item: Item) -> str:
    """The tool's name as the model knows it."""
    name = "".join(f"_{one.lower()}" if one.isupper() else one for one in text_of(item.get("tool")))
    return "wait_agent" if name == "wait" else name


_DELEGATING = Row(
    "tool",
    name=_delegation,
    arguments=_some("prompt", "receiverThreadIds", "model", "reasoningEffort"),
    result=_field("agentsStates"),
    changes=True,
)

TABLE: dict[str, Row] = {
    "agentMessage": Row("said"),
    "plan": Row("said"),
    "todoList": Row("said", text=lambda item: text_of(item.get("items"))),
    "reasoning": Row("said", "reasoning", text=_thought),
    "enteredReviewMode": Row("said", text=_field("review")),
    "exitedReviewMode": Row("said", text=_field("review")),
    "commandExecution": Row(
        "tool",
        name=lambda item: "exec_command",
        arguments=_command,
        result=lambda item: text_of(item.get("aggregatedOutput")),
        changes=True,
    ),
    "mcpToolCall": Row(
        "tool",
        name=lambda item: text_of(item.get("tool")),
        arguments=_field("arguments"),
        result=_mcp_result,
        changes=True,
    ),
    "dynamicToolCall": Row(
        "tool",
        name=lambda item: text_of(item.get("tool")),
        arguments=_field("arguments"),
        result=_field("contentItems"),
        changes=True,
    ),
    "functionCallOutput": Row("tool", name=lambda item: text_of(item.get("name")), result=_field("output")),
    "collabAgentToolCall": _DELEGATING,
    "collabToolCall": _DELEGATING,
    "webSearch": Row(
        "tool", name=lambda item: "web_search", arguments=_some("query", "action"), result=_field("results")
    ),
    "imageView": Row("tool", name=lambda item: "view_image", arguments=_some("path")),
    "imageGeneration": Row(
        "tool",
        name=lambda item: "image_generation",
        arguments=_some("revisedPrompt"),
        result=_some("savedPath", "failure"),
        changes=True,
    ),
    "sleep": Row("tool", name=lambda item: "sleep", arguments=_some("durationMs")),
    "fileChange": Row("patch", name=lambda item: "apply_patch", result=_field("changes"), changes=True),
    "contextCompaction": Row("notice", text=lambda item: "Codex shortened its conversation."),
    "error": Row("notice", text=lambda item: text_of(item.get("message"))),
    "userMessage": Row("quiet"),
    "hookPrompt": Row("quiet"),
    "subAgentActivity": Row("quiet"),
}

QUIET_METHODS = (
    "account/",
    "app/",
    "command/exec/",
    "externalAgentConfig/",
    "fs/",
    "fuzzyFileSearch/",
    "hook/",
    "item/",
    "mcpServer/",
    "model/verification",
    "model/safetyBuffering/",
    "modelProvider/",
    "process/",
    "project/",
    "rawResponse",
    "remoteControl/",
    "serverRequest/",
    "skills/",
    "thread/",
    "turn/",
)
"""Beginnings of notifications that are known to hold nothing for the record beyond what the others say."""


def said_item(row: Row, item: Item, reply: int | None, parent: str | None) -> AgentItem:
    """What the agent said or thought."""
    text = text_of(row.text(item))
    kind = text_of(item.get("type"))
    summary = one_line(text) or f"({kind}, empty)"
    return AgentItem(row.part_type, kind, summary, text, reply=reply, parent=parent, raw=item)


def call_item(
    kind: str,
    name: str,
    call_id: str,
    arguments: Any,
    raw: Any,
    reply: int | None,
    parent: str | None,
    *,
    changes: bool,
) -> AgentItem:
    """A tool was called; `changes` asks for a commit of the files as they are at the call."""
    shown = gist(arguments)
    return AgentItem(
        "tool_call",
        kind,
        one_line(f"{name} {shown}" if arguments is not None else name),
        tool_name=name,
        call_id=call_id,
        arguments=arguments,
        may_change_files=changes,
        reply=reply,
        parent=parent,
        raw=raw,
    )


def gist(arguments: Any) -> str:
    """What a person wants to see of a call: the command, the prompt, the path; else all of it as JSON."""
    if isinstance(arguments, dict):
        told = next((arguments[name] for name in _TELLING if isinstance(arguments.get(name), str)), None)
        if told is not None:
            return str(told)
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def result_item(
    row: Row | None,
    name: str,
    call_id: str,
    item: Item,
    reply: int | None,
    parent: str | None,
    *,
    result: Any = None,
) -> AgentItem:
    """A tool has ended; `row` is None where only its output for the model is known, which is `result` then."""
    value = result if row is None else row.result(item)
    code = item.get("exitCode")
    status = _STATUS.get(text_of(item.get("status")), "completed") if row is not None else _read_status(value)
    return AgentItem(
        "tool_result",
        text_of(item.get("type")),
        one_line(text_of(value)) or f"{name}: {status}",
        role="user",
        tool_name=name,
        call_id=call_id,
        result=value,
        tool_status="completed" if status == "called" else status,
        exit_code=code if isinstance(code, int) else None,
        may_change_files=True if row is None else row.changes,
        reply=reply,
        parent=parent,
        raw=item,
    )


def _read_status(value: Any) -> Status:
    return "failed" if isinstance(value, str) and value.startswith(_REFUSING) else "completed"


def refusal_item(name: str, call_id: str, reply: int | None, parent: str | None) -> AgentItem:
    """A call had no effect that was told of."""
    return AgentItem(
        "tool_result",
        "unanswered",
        f"Codex did not carry out {name or 'the call'}, and does not say why",
        role="user",
        tool_name=name,
        call_id=call_id,
        tool_status="failed",
        reply=reply,
        parent=parent,
    )


def patch_item(
    row: Row,
    call_id: str,
    item: Item,
    arguments: Any,
    reply: int | None,
    parent: str | None,
    *,
    workspace: str,
) -> AgentItem:
    """Files were changed by a patch; the summary names those in `workspace` without it."""
    changes = item.get("changes")
    known = [one for one in changes if isinstance(one, dict)] if isinstance(changes, list) else []
    words = ", ".join(f"{_verb(one)} {text_of(one.get('path')).removeprefix(f'{workspace}/')}" for one in known)
    return AgentItem(
        "patch",
        text_of(item.get("type")),
        one_line(words) or "an empty patch",
        tool_name=text_of(row.name(item)),
        call_id=call_id,
        arguments=arguments,
        result=row.result(item),
        tool_status=_STATUS.get(text_of(item.get("status")), "completed"),
        may_change_files=True,
        reply=reply,
        parent=parent,
        raw=item,
    )


def _verb(change: Item) -> str:
    kind = change.get("kind")
    return text_of(kind.get("type") if isinstance(kind, dict) else kind) or "change"


def unknown_item(item: Item, reply: int | None, parent: str | None) -> AgentItem:
    """An item of a kind that is not in the table, as it came."""
    kind = text_of(item.get("type")) or "?"
    return AgentItem(
        "unknown",
        kind,
        one_line(f"{kind}: {json.dumps(item, ensure_ascii=False)}"),
        may_change_files=True,
        reply=reply,
        parent=parent,
        raw=item,
    )
