"""Letting the record catch up with the agent before its model answers the next call.

A foreign agent says what it did on one channel (its stream) and asks its model on another (the gateway). Unless the
first is read before the second is answered, the model's next tool call may change files before the last part's
checkpoint is taken, and a part is given what the next one did.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio

__all__ = ["Drain"]

_QUIET_S = 0.001
_QUIET_WHILE_BUSY_S = 0.030
_MOST_S = 0.100


class Drain:
    """Knows whether somebody waits for the agent's stream with nothing to do, and since when.

    Args:
        busy: Whether a tool of the agent runs, as far as its stream has told. Most agents ask their model when all
            have ended, so the end is on its way then; a sub-agent, or a command in the background, takes longer.
        quiet: Seconds without an item after which nothing more is expected.
        most: Seconds that are waited in any case.
    """

    def __init__(
        self, busy: Callable[[], bool] = lambda: False, quiet: float = _QUIET_S, most: float = _MOST_S
    ) -> None:
        self._busy = busy
        self._quiet = quiet
        self._most = most
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

    async def settled(self) -> None:
        """Return when no item has come for 1 ms (30 ms while a tool runs), counted from this call, or after 100 ms."""
        began = time.monotonic()
        while self._in_turn and time.monotonic() - began < self._most:
            since = self._waiting_since
            wanted = max(self._quiet, _QUIET_WHILE_BUSY_S) if self._busy() else self._quiet
            quiet = 0.0 if since is None else time.monotonic() - max(since, began)
            if since is not None and quiet >= wanted:
                return
            await anyio.sleep(min(max(self._quiet - quiet, 0.0002), 0.001))
