"""What is on its way to become a part, for whoever watches. It is never recorded, and nobody can slow a run down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from loopwright.agents import Delta

__all__ = ["DeltaFeed", "DeltaListener", "DeltaQueue"]

DeltaListener = Callable[[Delta], None]

_BUFFERED = 512


class DeltaQueue(NamedTuple):
    """Deltas to take out, and `end`, after which there are only those that are in it already."""

    deltas: MemoryObjectReceiveStream[Delta]
    end: Callable[[], None]


class DeltaFeed:
    """Passes deltas on to listeners at once, and to watchers through queues that drop what they cannot hold."""

    def __init__(self) -> None:
        self._listeners: list[DeltaListener] = []

    def subscribe(self, listener: DeltaListener) -> None:
        """Call `listener` with each delta; it must not block."""
        self._listeners.append(listener)

    def tell(self, delta: Delta) -> None:
        """Pass a delta on."""
        for listener in tuple(self._listeners):
            listener(delta)

    @contextmanager
    def queue(self, most: int = _BUFFERED) -> Iterator[DeltaQueue]:
        """The deltas from now on; of those that nobody takes out, the newest are dropped beyond `most`."""
        send, receive = anyio.create_memory_object_stream[Delta](most)

        def put(delta: Delta) -> None:
            # The watcher may be slow or gone; the run does not wait.
            with suppress(anyio.WouldBlock, anyio.BrokenResourceError, anyio.ClosedResourceError):
                send.send_nowait(delta)

        self._listeners.append(put)
        try:
            with receive:
                yield DeltaQueue(receive, send.close)
        finally:
            self._listeners.remove(put)
            send.close()
