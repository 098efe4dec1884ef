"""From Codex's notifications to complete items, each once: what has begun, what has ended, and whose it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable, Iterator
from typing import Any

from msgspec import Struct

from loopwright.agents.codex.mapping import (
    TABLE,
    Row,
    call_item,
    patch_item,
    refusal_item,
    result_item,
    said_item,
    text_of,
    unknown_item,
)
from loopwright.agents.protocol import AgentItem

__all__ = ["ItemStream"]

Message = dict[str, Any]
Item = dict[str, Any]

_CALLS = ("function_call", "custom_tool_call", "local_shell_call", "tool_search_call")
_OUTPUTS = ("function_call_output", "custom_tool_call_output", "tool_search_output")
_PATCH = "apply_patch"
_MOST_SEEN = 5_000


class _Call(Struct):
    """A tool call: what the model asked for, where that was seen, and what was passed on of it.

    `begun` says that Codex itself said that it runs; then its result is what Codex says when it ends. `only_read` says
    that it ended with what the model got to read, and Codex has not said more.
    """

    name: str
    reply: int | None = None
    asked: Item | None = None
    told: bool = False
    begun: bool = False
    ended_at: float | None = None
    output: Item | None = None
    refused: bool = False
    only_read: bool = False


class ItemStream:
    """The state of one thread and its sub-agents' threads.

    Codex says most things twice: as items of its own, and, on a thread that was started with raw events, as the
    model's. An item is made of the first where there is one; a call that has none of its own (an unknown tool) is
    made of the second, which also tells what exactly was asked and where one reply of the model ends.

    Args:
        thread: The id of the thread; all others are sub-agents.
        replies: How many replies of the model there were before, or None where they cannot be told apart.
        workspace: As Codex calls it.
        notice: Told, once for each kind, of what is not known here.
    """

    def __init__(
        self,
        thread: str,
        replies: int | None,
        workspace: str,
        notice: Callable[[str, str], None],
    ) -> None:
        self.thread = thread
        self._replies = replies
        self._workspace = workspace
        self._notice = notice
        self._calls: dict[tuple[str, str], _Call] = {}
        self._open_reply: dict[str, int] = {}
        self._raw_threads: set[str] = set()
        self._parents: dict[str, str] = {}
        self._seen: dict[Hashable, None] = {}
        self._unknown: set[str] = set()

    def new_turn(self) -> None:
        """Forget what only matters within a turn."""
        self._open_reply.clear()
        self._calls = {key: call for key, call in self._calls.items() if call.begun and call.ended_at is None}

    def take(self, message: Message) -> Iterator[AgentItem]:
        """The items that a notification completes."""
        params = message.get("params")
        if not isinstance(params, dict):
            return
        method, thread = message.get("method"), text_of(params.get("threadId")) or self.thread
        if method in ("rawResponse/completed", "thread/tokenUsage/updated"):
            self._reply_ended(thread, raw=method.startswith("raw"))
            return
        item = params.get("item")
        if not isinstance(item, dict) or self._repeated(message, item):
            return
        at = message.get("emittedAtMs")
        now = float(at) if isinstance(at, int | float) else 0.0
        if _is_of_a_reply(method, item) and thread not in self._open_reply:
            yield from self._unanswered(thread)
        if method == "item/started":
            yield from self._started(thread, item, now)
        elif method == "item/completed":
            yield from self._completed(thread, item, now)
        elif method == "rawResponseItem/completed":
            yield from self._raw(thread, item, now)

    def rest(self) -> Iterator[AgentItem]:
        """What is to be said of calls when a turn is over."""
        for thread in sorted({thread for thread, _ in self._calls}):
            yield from self._unanswered(thread)

    def _unanswered(self, thread: str) -> Iterator[AgentItem]:
        """The results of earlier replies' calls that have no end of their own.

        A command that goes on running in the background has what the model was told of it, and one more result when
        it ends. A tool that Codex does not know is refused in silence.
        """
        for (owner, call_id), call in list(self._calls.items()):
            if owner != thread or call.ended_at is not None:
                continue
            if call.output is not None:
                output, call.output = call.output, None
                yield self._read(thread, call_id, call, output)
            elif call.asked is not None and not call.begun and not call.refused:
                call.refused = True
                if not call.told:
                    yield self._call(thread, call_id, call, None)
                yield refusal_item(call.name, call_id, call.reply, self._parents.get(thread))

    # Codex's own items

    def _started(self, thread: str, item: Item, now: float) -> Iterator[AgentItem]:
        row = TABLE.get(text_of(item.get("type")))
        if row is None or row.kind not in ("tool", "patch"):
            return
        call_id = text_of(item.get("id"))
        call = self._known(thread, call_id, now)
        if call.ended_at is not None:
            return
        call.begun = True
        call.name = call.name or text_of(row.name(item))
        if row.kind == "tool" and not call.told:
            yield self._call(thread, call_id, call, (row, item))

    def _completed(self, thread: str, item: Item, now: float) -> Iterator[AgentItem]:
        kind, call_id = text_of(item.get("type")), text_of(item.get("id"))
        row = TABLE.get(kind)
        if row is None:
            self._tell_unknown(f"item of kind {kind!r}")
            yield unknown_item(item, self._open_reply.get(thread), self._parents.get(thread))
        elif row.kind == "said":
            yield said_item(row, item, self._reply(thread), self._parents.get(thread))
        elif row.kind == "notice":
            self._notice(f"codex_{kind}", row.text(item))
        elif row.kind in ("tool", "patch"):
            yield from self._ended(thread, call_id, row, item, now)

    def _ended(self, thread: str, call_id: str, row: Row, item: Item, now: float) -> Iterator[AgentItem]:
        call = self._known(thread, call_id, now)
        self._adopt(call_id, item)
        if call.ended_at is not None and not call.only_read:
            return
        call.only_read = False
        call.begun, call.name = True, call.name or text_of(row.name(item))
        parent = self._parents.get(thread)
        if row.kind == "patch":
            # A shell command that applies a patch is a call as well, whose own output is still to come.
            call.begun = False
            asked = None if call.asked is None else _arguments(call.asked)
            if call.name == _PATCH:
                call.ended_at = now
            yield patch_item(row, call_id, item, asked, call.reply, parent, workspace=self._workspace)
            return
        if not call.told:
            yield self._call(thread, call_id, call, (row, item))
        call.ended_at = now
        yield result_item(row, call.name, call_id, item, call.reply, parent)

    def _adopt(self, call_id: str, item: Item) -> None:
        """Remember which call a sub-agent's thread belongs to."""
        receivers = item.get("receiverThreadIds")
        if item.get("tool") in ("spawnAgent", "spawn_agent") and isinstance(receivers, list):
            for receiver in receivers:
                self._parents.setdefault(text_of(receiver), call_id)

    # The model's items

    def _raw(self, thread: str, item: Item, now: float) -> Iterator[AgentItem]:
        self._raw_threads.add(thread)
        kind, call_id = text_of(item.get("type")), text_of(item.get("call_id"))
        if kind in _CALLS and call_id:
            call = self._known(thread, call_id, now)
            if call.asked is None and call.ended_at is None:
                call.asked, call.name = item, text_of(item.get("name")) or kind.removesuffix("_call")
                if call.name != _PATCH and not call.told:
                    yield self._call(thread, call_id, call, None)
        elif kind in _OUTPUTS:
            known = self._calls.get((thread, call_id))
            if known is None or known.ended_at is not None:
                return
            if known.begun:
                known.output = item  # it runs on in the background, or its end is told in a moment
            else:
                yield from self._output(thread, call_id, known, item, now)

    def _output(self, thread: str, call_id: str, call: _Call, item: Item, now: float) -> Iterator[AgentItem]:
        """The result of a call that Codex has no item for, as the model gets to read it."""
        if not call.told:
            yield self._call(thread, call_id, call, None)
        call.ended_at, call.only_read = now, True
        yield self._read(thread, call_id, call, item)

    def _read(self, thread: str, call_id: str, call: _Call, item: Item) -> AgentItem:
        output = item.get("output", item.get("tools"))
        parent = self._parents.get(thread)
        return result_item(None, call.name, call_id, item, call.reply, parent, result=text_of(output))

    # Both

    def _call(self, thread: str, call_id: str, call: _Call, seen: tuple[Row, Item] | None) -> AgentItem:
        call.told = True
        if call.asked is not None:
            arguments, kind, raw = _arguments(call.asked), text_of(call.asked.get("type")), call.asked
            served = text_of(raw.get("namespace")).startswith("mcp")
        else:
            assert seen is not None
            row, raw = seen
            arguments, kind = row.arguments(raw), text_of(raw.get("type"))
            served = kind == "mcpToolCall"
        parent = self._parents.get(thread)
        return call_item(kind, call.name, call_id, arguments, raw, call.reply, parent, changes=served)

    def _known(self, thread: str, call_id: str, now: float) -> _Call:
        """The call of that id: a new one where the last of that id had ended before this was said."""
        call = self._calls.get((thread, call_id))
        if call is None or (call.ended_at is not None and now > call.ended_at):
            call = self._calls[(thread, call_id)] = _Call(name="", reply=self._reply(thread))
        return call

    def _reply(self, thread: str) -> int | None:
        if self._replies is None:
            return None
        if thread not in self._open_reply:
            self._replies += 1
            self._open_reply[thread] = self._replies
        return self._open_reply[thread]

    def _reply_ended(self, thread: str, *, raw: bool) -> None:
        if raw:
            self._raw_threads.add(thread)
        if raw or thread not in self._raw_threads:
            self._open_reply.pop(thread, None)

    def _repeated(self, message: Message, item: Item) -> bool:
        at = message.get("emittedAtMs")
        names = (message.get("method"), at, *(text_of(item.get(name)) for name in ("type", "id", "call_id", "status")))
        key: Hashable = names if isinstance(at, int) else _digest(message)
        if key in self._seen:
            return True
        self._seen[key] = None
        if len(self._seen) > _MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        return False

    def _tell_unknown(self, what: str) -> None:
        if what not in self._unknown:
            self._unknown.add(what)
            self._notice("codex_unknown", f"Codex sent a {what}, which is not known here; it is kept as it came.")


def _digest(message: Message) -> bytes:
    return hashlib.blake2b(json.dumps(message, sort_keys=True).encode("utf-8", "replace"), digest_size=16).digest()


def _is_of_a_reply(method: Any, item: Item) -> bool:
    """Whether the model's next reply has begun when this is said."""
    kind = item.get("type")
    if method == "rawResponseItem/completed":
        return kind in _CALLS or kind == "reasoning" or (kind == "message" and item.get("role") == "assistant")
    return kind in ("agentMessage", "reasoning")


def _arguments(asked: Item) -> Any:
    """What the model asked for: a JSON value where it is one, else its text."""
    text = asked.get("arguments", asked.get("input", asked.get("action")))
    if not isinstance(text, str) or asked.get("type") == "custom_tool_call":
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
