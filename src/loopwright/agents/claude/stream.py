"""Reading the stream of Claude Code: complete lines in, complete items out, everything else told on the side."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import structs

from loopwright.agents.activity import Activity
from loopwright.agents.claude.mapping import (
    API_ERROR,
    BLOCKS,
    PASSED_LINES,
    PASSED_SYSTEM,
    call_item,
    result_item,
    text_item,
    tool_name,
    unknown_item,
)
from loopwright.agents.claude.settings import MCP_SERVER
from loopwright.agents.protocol import AgentItem, Delta, DeltaKind
from loopwright.base import MachineError, one_line

__all__ = ["StreamReader"]

_REMEMBERED = 4096
_NAMELESS = "unknown"
_INTERRUPTED = "[Request interrupted by user"
_DELTAS: dict[str, tuple[DeltaKind, str]] = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("reasoning", "thinking"),
    "input_json_delta": ("tool", "partial_json"),
}

_Json = dict[str, Any]


class StreamReader:
    """Turns the CLI's lines into items, each once, and keeps watchers, notices and the activity up to date.

    Args:
        notice: Tells people something that is not a part, `notice(code, message)`.
        on_delta: Tells what is on its way.
        activity: What the agent is doing now.
        replies: How many replies of the model were recorded before.
    """

    def __init__(
        self,
        notice: Callable[[str, str], None],
        on_delta: Callable[[Delta], None],
        activity: Activity,
        replies: int = 0,
    ) -> None:
        self._notice = notice
        self._on_delta = on_delta
        self._activity = activity
        self._replies = replies
        self._reply_of: OrderedDict[str, int] = OrderedDict()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._tools: OrderedDict[str, tuple[str, int | None]] = OrderedDict()
        self._streaming: dict[str, str] = {}
        self._noticed: set[str] = set()
        self.session_id = ""

    def items(self, line: _Json) -> Iterator[AgentItem]:
        """The items that a line completes.

        Raises:
            MachineError: The CLI says that it could not reach our MCP server.
        """
        self._activity.heard()
        kind = str(line.get("type"))
        if kind in ("assistant", "user"):
            yield from self._message(line, kind)
        elif kind == "stream_event":
            self._delta(line)
        elif kind == "system":
            yield from self._system(line)
        elif kind == "result":
            self._denials(line)
        elif kind not in PASSED_LINES and kind != "command_lifecycle":
            yield self._unknown(f"line {kind}", line, line)

    def unreadable(self, text: bytes) -> AgentItem:
        """A line that is no JSON object, as an item."""
        words = text[:4096].decode("utf-8", "replace")
        return self._unknown("unreadable line", words, words)

    def once(self, code: str, message: str) -> None:
        """Tell people something that they need to hear only once."""
        if code not in self._noticed:
            self._noticed.add(code)
            self._notice(code, message)

    def _message(self, line: _Json, kind: str) -> Iterator[AgentItem]:
        if line.get("isReplay") is True or self._known(line.get("uuid")):
            return
        message = line.get("message")
        content = message.get("content") if isinstance(message, dict) else None
        if not isinstance(message, dict) or not isinstance(content, str | list):
            yield self._unknown(f"{kind} line without content", line, line)
            return
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        first = True
        for block in blocks:
            for item in self._block(block, line, message, kind):
                # A line has one block; where it has more, only the first item carries all of them as received.
                yield self._placed(item, line, message, kind, line if first else None)
                first = False

    def _block(self, block: Any, line: _Json, message: _Json, kind: str) -> Iterator[AgentItem]:
        name = block.get("type") if isinstance(block, dict) else None
        part_type = BLOCKS.get(name) if isinstance(name, str) else None
        if part_type is None:
            yield self._unknown(f"{kind} block {name}", block, None)
        elif part_type == "tool_call":
            yield self._called(block, message, kind)
        elif part_type == "tool_result":
            yield self._returned(block, line)
        elif kind == "assistant":
            failed = message.get("model") == API_ERROR
            item = text_item(block, part_type)
            yield structs.replace(item, item_type="api_error") if failed else item
        elif not self._said_before(block, line):
            yield structs.replace(text_item(block, part_type), role="user", item_type="user_text")

    def _said_before(self, block: _Json, line: _Json) -> bool:
        """Whether a text of the user is in the record already: a sub-agent's prompt is an argument of its call."""
        return bool(line.get("parent_tool_use_id")) or str(block.get("text")).startswith(_INTERRUPTED)

    def _called(self, block: _Json, message: _Json, kind: str) -> AgentItem:
        item = call_item(block)
        reply = self._reply(message) if kind == "assistant" else None
        _remember(self._tools, item.call_id, (item.tool_name or _NAMELESS, reply))
        self._activity.tool_started(item.call_id, item.tool_name or "")
        return item

    def _returned(self, block: _Json, line: _Json) -> AgentItem:
        call_id = str(block.get("tool_use_id"))
        self._activity.tool_ended(call_id)
        name, reply = self._tools.get(call_id, (_NAMELESS, None))
        return structs.replace(result_item(block, line, name), reply=reply)

    def _placed(self, item: AgentItem, line: _Json, message: _Json, kind: str, raw: Any) -> AgentItem:
        parent = line.get("parent_tool_use_id")
        return structs.replace(
            item,
            reply=self._reply(message) if kind == "assistant" else item.reply,
            parent=parent if isinstance(parent, str) and parent else None,
            raw=raw,
        )

    def _reply(self, message: _Json) -> int | None:
        """The number of the reply that a message is a piece of; what the CLI itself wrote is none."""
        if message.get("model") == API_ERROR:
            return None
        name = message.get("id")
        if not isinstance(name, str):
            return self._replies or None
        if name not in self._reply_of:
            self._replies += 1
            _remember(self._reply_of, name, self._replies)
        return self._reply_of[name]

    def _known(self, uuid: Any) -> bool:
        if not isinstance(uuid, str):
            return False
        known = uuid in self._seen
        _remember(self._seen, uuid, None)
        return known

    def _unknown(self, kind: str, value: Any, raw: Any) -> AgentItem:
        kind = one_line(kind, 80)
        self.once(f"unknown {kind}", f"Claude Code sent something that is not known here: {kind}. It was kept as is.")
        return structs.replace(unknown_item(kind, value), raw=raw)

    def _system(self, line: _Json) -> Iterator[AgentItem]:
        kind = str(line.get("subtype"))
        if kind == "init":
            self._began(line)
        elif kind == "api_retry":
            self.once("api_retry", f"Claude Code tries a call to the model again: {_retry_words(line)}")
        elif kind == "compact_boundary":
            self._notice("compacted", "Claude Code replaced its conversation by a summary of it.")
        elif kind not in PASSED_SYSTEM:
            yield self._unknown(f"system line {kind}", line, line)

    def _began(self, line: _Json) -> None:
        session = line.get("session_id")
        self.session_id = session if isinstance(session, str) else self.session_id
        servers = line.get("mcp_servers")
        for server in servers if isinstance(servers, list) else []:
            if isinstance(server, dict) and server.get("name") == MCP_SERVER and server.get("status") != "connected":
                raise MachineError(
                    "Claude Code could not reach the MCP server of Loopwright, so it has no run_tests "
                    f"(status: {one_line(str(server.get('status')), 60)})."
                )

    def _denials(self, line: _Json) -> None:
        denials = line.get("permission_denials")
        if isinstance(denials, list) and denials:
            count = f"{len(denials)} call{'s' * (len(denials) > 1)}"
            names = {tool_name(str(one.get("tool_name"))) for one in denials if isinstance(one, dict)}
            self._notice("denied", f"Claude Code denied {count}: {one_line(', '.join(sorted(names)), 120)}")

    def _delta(self, line: _Json) -> None:
        event = line.get("event")
        if not isinstance(event, dict):
            return
        index = f"{line.get('parent_tool_use_id')} {event.get('index')}"
        block, delta = event.get("content_block"), event.get("delta")
        if event.get("type") == "content_block_start" and isinstance(block, dict):
            self._streaming[index] = tool_name(str(block.get("name") or ""))
        elif event.get("type") == "content_block_stop":
            self._streaming.pop(index, None)
        elif isinstance(delta, dict):
            self._tell(delta, self._streaming.get(index, ""))

    def _tell(self, delta: _Json, name: str) -> None:
        found = _DELTAS.get(str(delta.get("type")))
        if found is not None:
            kind, field = found
            self._on_delta(Delta(kind, str(delta.get(field) or ""), name))


def _retry_words(line: _Json) -> str:
    words = {name: line.get(name) for name in ("attempt", "error_status", "error") if line.get(name) is not None}
    return one_line(", ".join(f"{name} {value}" for name, value in words.items()), 160)


def _remember(memory: OrderedDict[str, Any], key: str, value: Any) -> None:
    """Keep the newest only: a run has no end."""
    memory[key] = value
    if len(memory) > _REMEMBERED:
        memory.popitem(last=False)
