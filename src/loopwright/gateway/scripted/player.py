"""Where each conversation stands in the script: the same question always gets the same reply.

Each conversation is a chain of replies. The position before and after every reply is kept under the digest of the
request that it answered, so that a repeated request (a retry, a resumed run) is served again without moving on, and a
conversation that goes back to an earlier request goes on from there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import msgspec

from loopwright.gateway.scripted.match import holds
from loopwright.gateway.scripted.schema import ReplyList
from loopwright.record import ScriptPosition

__all__ = ["ENDED", "Player", "ScriptStuck", "request_digest"]

ENDED = -1
"""`ScriptPosition.reply` where the script has ended."""


class ScriptStuck(Exception):
    """An `until` was not satisfied within its bound; the text says which, for the agent."""


@dataclass
class _Conversation:
    cursor: int = 0
    repeats: int = 0
    served: int = 0
    carried: str = ""
    last: int = ENDED
    known: dict[str, ScriptPosition] = field(default_factory=dict)


class Player:
    """The positions of all conversations with one list of replies."""

    def __init__(self, script: ReplyList) -> None:
        self._script = script
        self._conversations: dict[str, _Conversation] = {}

    def move(self, position: ScriptPosition) -> None:
        """Stand where `position` says: it was served just now, or it comes from the record (in the record's order)."""
        state = self._conversations.setdefault(position.conversation, _Conversation())
        state.cursor, state.repeats, state.served = position.cursor, position.repeats, position.served
        state.known[position.request_digest] = position
        state.last = position.reply
        state.carried = ""

    def last_reply(self, conversation: str) -> int:
        """The index of the newest reply to a conversation, or `ENDED`."""
        state = self._conversations.get(conversation)
        return ENDED if state is None else state.last

    def carry(self, conversation: str, newest: str) -> None:
        """Keep what was new when a conversation was compacted: the next request no longer shows it."""
        self._conversations.setdefault(conversation, _Conversation()).carried = newest

    def choose(self, conversation: str, digest: str, newest: str) -> ScriptPosition:
        """Choose the reply to a request, without moving; `ScriptPosition.reply` is `ENDED` after the last one.

        Args:
            conversation: Whose request it is.
            digest: Of the request's content.
            newest: The text since the model's last reply.

        Raises:
            ScriptStuck: A reply was repeated `at_most` times without effect.
        """
        state = self._conversations.get(conversation) or _Conversation()
        known = state.known.get(digest)
        if known is not None:
            return known
        reply, repeats = self._choose(state, f"{state.carried}\n{newest}" if state.carried else newest)
        cursor = self._cursor_after(reply, repeats)
        return ScriptPosition(conversation, reply, state.served + 1, digest, cursor, repeats)

    def _choose(self, state: _Conversation, newest: str) -> tuple[int, int]:
        """The reply and how often it will then have been repeated (0 for one without `until`)."""
        at, replies = state.cursor, self._script.replies
        if state.repeats and at < len(replies):
            reply = replies[at]
            if reply.until is not None and not holds(reply.until, newest):
                if state.repeats >= reply.at_most:
                    raise ScriptStuck(_stuck(at, reply.id, reply.at_most))
                return at, state.repeats + 1
            at = self._after(at)
        while at < len(replies):
            when = replies[at].when
            if when is None or holds(when, newest):
                return at, 1 if replies[at].until is not None else 0
            at += 1
        return ENDED, 0

    def _cursor_after(self, reply: int, repeats: int) -> int:
        if reply == ENDED:
            return len(self._script.replies)
        return reply if repeats else self._after(reply)

    def _after(self, at: int) -> int:
        goto = self._script.replies[at].goto
        return at + 1 if goto is None else self._script.index_of(goto)


def _stuck(at: int, name: str | None, at_most: int) -> str:
    which = f"reply {at + 1}" + (f" ({name})" if name else "")
    return f"The script is stuck: {which} was given {at_most} times (at_most) and its `until` never held."


def request_digest(dialogue: Any) -> str:
    """The SHA-256 of a conversation, whatever cache marks it carries."""
    encoded = msgspec.json.encode(dialogue, order="deterministic")
    if b'"cache_control"' in encoded:
        encoded = msgspec.json.encode(_without_marks(dialogue), order="deterministic")
    return hashlib.sha256(encoded).hexdigest()


def _without_marks(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_marks(item) for key, item in value.items() if key != "cache_control"}
    return [_without_marks(item) for item in value] if isinstance(value, list) else value
