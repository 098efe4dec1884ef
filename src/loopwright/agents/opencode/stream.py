"""From OpenCode's events to items: each part once, when it is complete, whatever the stream repeats or leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from loopwright.agents.activity import Activity
from loopwright.agents.opencode._pieces import Message, Piece, dict_of, ended_at, list_of, rest_of
from loopwright.agents.opencode.mapping import (
    KINDS,
    call_item,
    result_item,
    state_of,
    text_item,
    tool_of,
    unknown_item,
    usage_of,
    words,
)
from loopwright.agents.protocol import AgentItem, Delta
from loopwright.base import one_line

__all__ = ["Mapper"]

_ENDED = ("completed", "error")
Items = Iterator[AgentItem]


class Mapper:
    """The parts of one session and of its sub-agents' sessions, over all turns.

    Args:
        session: The id of the session.
        replies: How many replies were recorded before.
        notice: Told what a person should know, as in `AgentContext`.
        on_delta: Told what is on its way.
        activity: Told which tools run.
    """

    def __init__(
        self,
        session: str,
        replies: int,
        notice: Callable[[str, str], None],
        on_delta: Callable[[Delta], None],
        activity: Activity,
    ) -> None:
        self._notice, self._on_delta, self._activity = notice, on_delta, activity
        self._root = session
        self._replies = replies
        self._parents: dict[str, str | None] = {session: None}
        self._strangers: dict[str, list[dict[str, Any]]] = {}
        self._messages: dict[str, Message] = {}
        self._holding: list[Message] = []
        self._call_ids: dict[str, str] = {}
        self._past: set[str] = set()
        self._warned: set[str] = set()

    @property
    def holding(self) -> bool:
        """Whether an item waits for its reply's usage, which comes at once or not at all."""
        return bool(self._holding)

    def know(self, messages: Any) -> None:
        """Take note of messages (as the server lists them) that are older than this process: nothing is new in them."""
        for message in list_of(messages):
            for part in map(dict_of, list_of(dict_of(message).get("parts"))):
                self._past.add(words(part.get("id")))
                self._call_ids.setdefault(words(part.get("callID")), words(part.get("id")))

    def gap(self) -> None:
        """Events may have been missed: what has begun is no longer known to be whole."""
        for message in self._messages.values():
            for piece in message.pieces.values():
                piece.whole = False

    def message(self, info: Any) -> list[AgentItem]:
        """A message began or changed; `info` is as in `message.updated`."""
        info = dict_of(info)
        name, role = words(info.get("id")), words(info.get("role"))
        if not name or not role:
            return []
        message = self._message(name, words(info.get("sessionID")))
        message.role = role
        waiting, message.waiting = message.waiting, []
        return [item for part in waiting for item in self._part(message, part)]

    def part(self, part: Any) -> list[AgentItem]:
        """A part began, changed or ended; `part` is as in `message.part.updated`."""
        part = dict_of(part)
        session = words(part.get("sessionID"))
        if session not in self._parents:
            # A sub-agent's session, most likely: its call will say so.
            self._strangers.setdefault(session, []).append(part)
            return []
        message = self._message(words(part.get("messageID")), session)
        if not message.role:
            message.waiting.append(part)
            return []
        return list(self._part(message, part))

    def removed(self, properties: Any) -> None:
        """OpenCode took a part back, before it was complete."""
        properties = dict_of(properties)
        message = self._messages.get(words(properties.get("messageID")))
        piece = message.pieces.get(words(properties.get("partID"))) if message else None
        if message is not None and piece is not None and piece.told is None and not piece.call_id:
            del message.pieces[words(properties.get("partID"))]

    def delta(self, properties: Any) -> None:
        """More text of a part that has begun; `properties` are those of `message.part.delta`."""
        properties = dict_of(properties)
        message = self._messages.get(words(properties.get("messageID")))
        piece = message.pieces.get(words(properties.get("partID"))) if message else None
        more = words(properties.get("delta"))
        if message is None or piece is None or properties.get("field") != "text":
            return
        piece.text += more
        if message.session == self._root:
            self._on_delta(Delta("reasoning" if piece.part.get("type") == "reasoning" else "text", more))

    def listed(self, messages: Any) -> list[AgentItem]:
        """What the server lists of a session: fills in whatever the events left out."""
        items = []
        for message in map(dict_of, list_of(messages)):
            items += self.message(message.get("info"))
            for part in list_of(message.get("parts")):
                items += self.part(part)
        return items

    def working(self, session: str) -> bool:
        """Whether a sub-agent's session has had parts in this turn."""
        return session in self._strangers or any(one.session == session for one in self._messages.values())

    def release(self) -> list[AgentItem]:
        """The items that wait for a usage, without one."""
        return [item for message in list(self._holding) for item in self._let_go(message)]

    def finish(self) -> list[AgentItem]:
        """The turn is over: what was not complete is given as far as it came."""
        items = [item for session in list(self._strangers) for item in self._adopt(session, None)]
        for message in list(self._messages.values()):
            waiting, message.waiting = message.waiting, []
            message.role = message.role or _guess(waiting)
            items += [item for part in waiting for item in self._part(message, part)]
            items += self._end_unknown(message)
            items += self._end_words(message, broken=True)
            items += self._let_go(message)
            self._past.update(message.pieces)
        self._messages.clear()
        return items

    def _message(self, name: str, session: str) -> Message:
        return self._messages.setdefault(name, Message(session))

    def _part(self, message: Message, part: dict[str, Any]) -> Items:
        kind = words(part.get("type"))
        name = words(part.get("id")) or f"{kind} {part!r}"
        if name in self._past:
            return
        word = KINDS.get(kind)
        if word == "usage":
            yield from self._end_unknown(message)
            yield from self._let_go(message, part)
        elif word == "notice":
            self._tell_once(name, f"opencode_{kind}", f"OpenCode reports: {_reason(part) or kind}")
        elif word is not None and word != "prompt" and message.role == "user":
            return
        elif word in ("words", "tool"):
            yield from self._piece(message, name, part)
        elif word != "books" and not (word == "prompt" and message.role == "user"):
            yield from self._unknown(message, name, part)

    def _piece(self, message: Message, name: str, part: dict[str, Any]) -> Items:
        piece = message.pieces.setdefault(name, Piece(part))
        if piece.ended:
            return
        if part.get("type") == "tool":
            yield from self._tool(message, name, piece, part)
            return
        text = words(part.get("text"))
        piece.text = text if len(text) > len(piece.text) else piece.text
        if ended_at(part):
            piece.ended = True
            yield from self._say(message, piece, part, text or piece.text)

    def _say(self, message: Message, piece: Piece, part: dict[str, Any], text: str) -> Items:
        rest = rest_of(piece.told, text)
        piece.told, piece.part = text, {**part, "text": text}
        if rest.strip():
            yield from self._hold(message, text_item(piece.part, rest, self._reply(message), self._parent(message)))

    def _end_words(self, message: Message, *, broken: bool = False) -> Items:
        """What was being said when a tool is called is complete: models do one after the other."""
        for piece in message.pieces.values():
            said = piece.text if piece.told is None and KINDS.get(words(piece.part.get("type"))) == "words" else ""
            if said and (piece.whole or broken):
                yield from self._say(message, piece, piece.part, piece.text)

    def _tool(self, message: Message, name: str, piece: Piece, part: dict[str, Any]) -> Items:
        state = state_of(part)
        if state.get("status") not in ("running", *_ENDED):
            return
        if not piece.call_id:
            yield from self._call(message, name, piece, part)
        child = words(dict_of(state.get("metadata")).get("sessionId"))
        if child and child not in self._parents:
            yield from self._adopt(child, piece.call_id)
        if state.get("status") == "running":
            self._progress(message, piece, part)
            return
        piece.ended = True
        self._activity.tool_ended(piece.call_id)
        for one in [name for name, parent in self._parents.items() if parent == piece.call_id]:
            yield from self._let_go_all(one)
        yield from self._hold(message, result_item(part, piece.call_id, self._reply(message), self._parent(message)))

    def _call(self, message: Message, name: str, piece: Piece, part: dict[str, Any]) -> Items:
        yield from self._end_words(message)
        yield from self._let_go_all(message.session)
        given = words(part.get("callID"))
        # Some models number the calls of each reply from 0.
        piece.call_id = given if given and self._call_ids.setdefault(given, name) == name else name
        piece.part = part
        item = call_item(part, piece.call_id, self._reply(message), self._parent(message))
        self._activity.tool_started(piece.call_id, item.tool_name or "")
        self._on_delta(Delta("tool", item.summary.removeprefix(f"{item.tool_name} "), item.tool_name or ""))
        yield item

    def _progress(self, message: Message, piece: Piece, part: dict[str, Any]) -> None:
        output = words(dict_of(state_of(part).get("metadata")).get("output"))
        if len(output) > piece.shown and message.session == self._root:
            self._on_delta(Delta("output", output[piece.shown :], tool_of(words(part.get("tool"))).name))
            piece.shown = len(output)

    def _adopt(self, session: str, call_id: str | None) -> Items:
        """A session is that of a call's sub-agent."""
        self._parents[session] = call_id
        for part in self._strangers.pop(session, []):
            yield from self.part(part)

    def _unknown(self, message: Message, name: str, part: dict[str, Any]) -> Items:
        """Wait for its end, which may be told or be that of its reply."""
        piece = message.pieces.setdefault(name, Piece(part))
        piece.part = part
        if ended_at(part):
            yield from self._end_unknown(message)

    def _end_unknown(self, message: Message) -> Items:
        for piece in message.pieces.values():
            kind = words(piece.part.get("type"))
            if piece.ended or KINDS.get(kind) in ("words", "tool"):
                continue
            piece.ended = True
            self._tell_once(f"kind {kind}", "unknown_item", f"OpenCode sent an item of an unknown kind: {kind!r}")
            yield from self._hold(message, unknown_item(piece.part, kind, self._reply(message), self._parent(message)))

    def _hold(self, message: Message, item: AgentItem) -> Items:
        """Keep the newest item of a reply back for its usage, unless more is certain to come before that."""
        yield from self._let_go_all(message.session)
        if message.busy:
            yield item
        else:
            message.held = item
            self._holding.append(message)

    def _let_go_all(self, session: str) -> Items:
        for message in [one for one in self._holding if one.session == session]:
            yield from self._let_go(message)

    def _let_go(self, message: Message, finished: dict[str, Any] | None = None) -> Items:
        item, message.held = message.held, None
        if item is not None:
            self._holding = [one for one in self._holding if one is not message]
            # Where it went without its usage, the gateway's record of the call has it.
            yield item if finished is None else replace(item, usage=usage_of(finished))

    def _reply(self, message: Message) -> int:
        if message.reply is None:
            self._replies += 1
            message.reply = self._replies
        return message.reply

    def _parent(self, message: Message) -> str | None:
        return self._parents.get(message.session)

    def _tell_once(self, key: str, code: str, text: str) -> None:
        if key not in self._warned:
            self._warned.add(key)
            self._notice(code, text)


def _guess(parts: list[dict[str, Any]]) -> str:
    """Who wrote a message that only its parts are known of."""
    prompt = all(KINDS.get(words(part.get("type"))) in ("words", "prompt") and "time" not in part for part in parts)
    return "user" if prompt else "assistant"


def _reason(part: dict[str, Any]) -> str:
    error = dict_of(part.get("error"))
    return one_line(words(dict_of(error.get("data")).get("message")) or words(error.get("name")))
