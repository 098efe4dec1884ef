"""An event loop whose time passes only where nothing else is to be done: waits are exact, and take no time.

What is tested in it must not wait for anything outside of the loop.
"""

from __future__ import annotations

import asyncio
import selectors
from types import SimpleNamespace
from typing import Any

import pytest

__all__ = ["BACKEND", "BEGINNING", "VirtualLoop", "clock_of"]

BEGINNING = 1000.0
"""What the clock says when a loop is made."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Asyncio's loop with a clock of its own."""

    def __init__(self) -> None:
        self.now = BEGINNING
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self.now


class _Selector(selectors.SelectSelector):
    """Where asyncio would sleep, the clock is put forward."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0 if timeout else timeout)
        if not found and timeout:
            self._loop.now += timeout
        return found


BACKEND = ("asyncio", {"loop_factory": VirtualLoop})
"""What the fixture `anyio_backend` gives where tests run in such a loop."""


def clock_of(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """Let the `time.monotonic()` of a module be that of the loop."""
    monkeypatch.setattr(f"{module}.time", SimpleNamespace(monotonic=lambda: asyncio.get_running_loop().time()))
