"""The agents' programs for tests: the pinned versions, installed once for all tests, never per test."""

from __future__ import annotations

import functools

from loopwright.agents.programs import Program, find, install

__all__ = ["ensure_agents"]


@functools.cache
def ensure_agents(*names: str) -> dict[str, Program]:
    """Install what is missing of these agents (into `$LOOPWRIGHT_AGENTS`, else the user's data folder), and find it.

    Several test processes at a time wait for one another. Without a network, and nothing installed, it fails with the
    sentence that a user would read.
    """
    for name in names:
        install(name)
    return {name: find(name) for name in names}
