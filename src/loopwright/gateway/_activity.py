"""What the gateway is doing right now, and how long it had to wait: for watchdogs, and for working time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Activity"]


class Activity:
    """Counts of the calls under way.

    Attributes:
        in_flight: Calls that have been read and are not answered to their end.
        last_activity: When the last byte came from or went to a model or an agent, on the monotonic clock, in seconds.
    """

    def __init__(self) -> None:
        self.in_flight = 0
        self.last_activity = time.monotonic()
        self._waiting = 0
        self._waited = 0.0
        self._all_waiting_since: float | None = None

    @property
    def waiting(self) -> bool:
        """Whether a call is waiting for a rate limit or an outage to pass."""
        return self._waiting > 0

    @property
    def waited_seconds(self) -> float:
        """Seconds during which there were calls under way and all of them were waiting; never more than wall time."""
        since = self._all_waiting_since
        return self._waited + (time.monotonic() - since if since is not None else 0.0)

    def add_waited(self, seconds: float) -> None:
        """Count what an earlier process waited."""
        self._waited += seconds

    def touch(self) -> None:
        """A byte has come or gone."""
        self.last_activity = time.monotonic()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """A call is under way."""
        self.touch()
        self._change(calls=1)
        try:
            yield
        finally:
            self._change(calls=-1)

    @contextmanager
    def pausing(self) -> Iterator[None]:
        """A call is waiting."""
        self._change(waiting=1)
        try:
            yield
        finally:
            self._change(waiting=-1)
            self.touch()

    def _change(self, calls: int = 0, waiting: int = 0) -> None:
        self._waited = self.waited_seconds
        self.in_flight += calls
        self._waiting += waiting
        stalled = self._waiting > 0 and self._waiting >= self.in_flight
        self._all_waiting_since = time.monotonic() if stalled else None
