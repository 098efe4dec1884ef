"""Asking a run to end: one switch, whoever asks."""

from __future__ import annotations

import asyncio
import math
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio

__all__ = ["StopSwitch", "StoppedEarly", "signals_press"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StoppedEarly(Exception):
    """The run was asked to end before its agent was ready."""


class StopSwitch:
    """Once pressed, whatever runs under `scope()` is cancelled, and nothing new starts."""

    def __init__(self) -> None:
        self.source: str | None = None
        self._scope: anyio.CancelScope | None = None
        self._seconds: Callable[[], float | None] = _for_ever
        self._starting: anyio.CancelScope | None = None

    def pressed(self) -> bool:
        """Whether somebody asked."""
        return self.source is not None

    def press(self, source: str) -> bool:
        """Ask the run to end; True the first time."""
        first = not self.pressed()
        if first:
            self.source = source
        for scope in (self._scope, self._starting):
            if scope is not None:
                scope.cancel()
        return first

    @contextmanager
    def cancels(self, scope: anyio.CancelScope) -> Iterator[None]:
        """Cancel a scope that somebody else opened, where the switch is pressed before the context is left.

        Raises:
            StoppedEarly: It was.
        """
        self._starting = scope
        if self.pressed():
            scope.cancel()
        try:
            yield
        finally:
            self._starting = None
        if self.pressed():
            raise StoppedEarly

    def scope(self, seconds: Callable[[], float | None] | float | None = None) -> anyio.CancelScope:
        """A cancel scope for the work that a stop interrupts, which also ends after `seconds` (None: never).

        Where `seconds` can be called, `refresh` asks it again: limits change while a run goes on.
        """
        self._seconds = seconds if callable(seconds) else lambda: seconds
        self._scope = anyio.CancelScope()
        self.refresh()
        if self.pressed():
            self._scope.cancel()
        return self._scope

    def refresh(self) -> None:
        """Set the end of the present scope anew."""
        if self._scope is not None:
            seconds = self._seconds()
            self._scope.deadline = math.inf if seconds is None else anyio.current_time() + max(seconds, 0.0)

    def interrupt(self) -> None:
        """End what runs now, and nothing else."""
        if self._scope is not None:
            self._scope.cancel()


def _for_ever() -> None:
    """No end is set."""


@contextmanager
def signals_press(switch: StopSwitch) -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP ask the run to end instead of killing it; one that is ignored stays so (`nohup`)."""
    loop = asyncio.get_running_loop()
    previous = {number: signal.getsignal(number) for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN}
    for number in previous:
        loop.add_signal_handler(number, switch.press, number.name)
    try:
        yield
    finally:
        for number, handler in previous.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
