"""What an agent is doing at this moment, as far as it tells: the watchdog reads it, agents write it."""

from __future__ import annotations

import time

__all__ = ["Activity"]


class Activity:
    """The tools that run now and those that have ended, when anything was last heard, whether the process lives.

    `tools` maps the ids of the calls to the tools' names. Times are of `time.monotonic`, in seconds.
    """

    def __init__(self) -> None:
        self.last_heard = time.monotonic()
        self.tools: dict[str, str] = {}
        self.ended: set[str] = set()
        self.dead: str | None = None

    def heard(self) -> None:
        """Anything at all came from the agent."""
        self.last_heard = time.monotonic()

    def tool_started(self, call_id: str, name: str) -> None:
        """A tool runs now."""
        self.tools[call_id] = name
        self.heard()

    def tool_ended(self, call_id: str) -> None:
        """A tool has ended, or was given up."""
        self.tools.pop(call_id, None)
        self.ended.add(call_id)
        self.heard()

    def idle(self) -> None:
        """The turn is over: nothing runs."""
        self.tools.clear()
        self.dead = None
        self.heard()

    def died(self, why: str) -> None:
        """The agent's process ended when it should not have; `why` names its exit code or signal."""
        self.dead = why
