"""Letting the record catch up with the agent before its model answers the next call.

A foreign agent says what it did on one channel (its stream) and asks its model on another (the gateway). Unless the
first is read before the second is answered, the model's next tool call may change files before the last part's
checkpoint is taken, and a part is given what the next one did.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager

import anyio

from loopwright.agents import Activity

__all__ = ["Drain"]

_NO_CALLS: Set[str] = frozenset()
_QUIET_S = 0.001
_QUIET_WHILE_BUSY_S = 0.030
_MOST_S = 0.100
_MOST_UNTOLD_S = 0.250
_MOST_RUNNING_S = 5.0


class Drain:
    """Knows whether somebody waits for the agent's stream with nothing to do, and since when.

    A request to the model names the calls that it answers, so the stream has to tell of their ends before it is up to
    date: one whose beginning it told of is waited for, up to 5 s; one that it has not told of at all, up to 0.25 s,
    where the agent's stream calls its calls as the model does. Of what is in no request (a text, a command in the
    background), only silence tells: 1 ms without an item, 30 ms while a tool runs, at most 100 ms.
    """

    def __init__(self, activity: Activity) -> None:
        self._activity = activity
        self._same_ids = False
        self._in_turn = False
        self._waiting_since: float | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The stream is followed while this is open; outside of it there is nothing to wait for."""
        self._in_turn = True
        try:
            yield
        finally:
            self._in_turn = False

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """The next item is waited for."""
        self._waiting_since = time.monotonic()
        try:
            yield
        finally:
            self._waiting_since = None

    async def settled(self, answered: Set[str] = _NO_CALLS) -> None:
        """Return when the record is up to date with an agent that has the results of the calls `answered`."""
        await self._while(lambda: self._running(answered), _MOST_RUNNING_S)
        await self._while(lambda: self._untold(answered), _MOST_UNTOLD_S)
        with anyio.move_on_after(_MOST_S):
            await self._quiet()

    async def _while(self, behind: Callable[[], bool], most: float) -> None:
        with anyio.move_on_after(most):
            while self._in_turn and behind():  # noqa: ASYNC110 - what is told by plain fields of an agent
                await anyio.sleep(0.001)

    async def _quiet(self) -> None:
        began = time.monotonic()
        while self._in_turn:
            wanted = _QUIET_WHILE_BUSY_S if self._activity.tools else _QUIET_S
            since = self._waiting_since
            quiet = 0.0 if since is None else time.monotonic() - max(since, began)
            if since is not None and quiet >= wanted:
                return
            await anyio.sleep(min(max(wanted - quiet, 0.0002), 0.001))

    def _running(self, answered: Set[str]) -> bool:
        return any(call in self._activity.tools for call in answered)

    def _untold(self, answered: Set[str]) -> bool:
        known = [call in self._activity.tools or call in self._activity.ended for call in answered]
        self._same_ids = self._same_ids or any(known)
        return self._same_ids and not all(known)
