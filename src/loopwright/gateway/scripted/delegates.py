"""Sub-agents: whose requests are theirs, and which replies they get."""

from __future__ import annotations

from collections.abc import Iterator

from loopwright.gateway.scripted.player import Player
from loopwright.gateway.scripted.schema import DelegateSpec, ReplyList, Script
from loopwright.gateway.wire.neutral import Ask
from loopwright.record import ScriptPosition

__all__ = ["Cast", "Role"]


class Role:
    """A list of replies, and where each conversation that plays it stands.

    Attributes:
        path: Empty for the script itself; of a sub-agent, the places of the replies and calls that lead to it, as in
            `3.0` or `3.0/1.0`.
    """

    def __init__(self, path: str, replies: ReplyList) -> None:
        self.path = path
        self.replies = replies.replies
        self.player = Player(replies)
        self.prompt = replies.prompt.strip() if isinstance(replies, DelegateSpec) else ""

    def key(self, conversation: str) -> str:
        """How the record names the conversation's place in this role."""
        name = conversation.replace("#", "_")
        return f"{name}#{self.path}" if self.path else name


class Cast:
    """All roles of a script."""

    def __init__(self, script: Script) -> None:
        self._main = Role("", script)
        self._roles = {role.path: role for role in _roles(script, "")}

    def role_of(self, ask: Ask) -> Role:
        """Whose request it is: the sub-agent's whose prompt is among the first paragraphs, or else the agent's."""
        begins = [f"\n{text.strip()}\n" for text in ask.begins]
        for role in self._roles.values():
            if any(f"\n{role.prompt}\n" in text for text in begins):
                return role
        return self._main

    def role_at(self, position: ScriptPosition) -> Role:
        """Whose position it is."""
        return self._roles.get(position.conversation.rpartition("#")[2], self._main)


def _roles(replies: ReplyList, path: str) -> Iterator[Role]:
    for at, reply in enumerate(replies.replies):
        for number, call in enumerate(reply.calls):
            if call.delegate is not None:
                inner = f"{path}/{at}.{number}".lstrip("/")
                yield Role(inner, call.delegate)
                yield from _roles(call.delegate, inner)
