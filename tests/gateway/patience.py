"""Waiting for what sets no event: lists that grow, and properties."""

from __future__ import annotations

from collections.abc import Callable

import anyio

__all__ = ["until"]


async def until(true: Callable[[], bool]) -> None:
    """Return when it is true. A minute is for a machine that is busy with something else, not for us."""
    with anyio.fail_after(60, shield=True):
        while not true():  # noqa: ASYNC110 - what is looked at tells nobody
            await anyio.sleep(0.01)
