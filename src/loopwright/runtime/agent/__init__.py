"""The loop of our own agent: a profile, a conversation, and everything between a reply and the next request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.base import lazy_names

if TYPE_CHECKING:
    from loopwright.runtime.agent.harness import Harness, check_profile
    from loopwright.runtime.agent.runtime import Runtime
else:
    # The loop itself is not for those who only look at a profile.
    __getattr__, __dir__ = lazy_names(
        __name__,
        harness=("Harness", "check_profile"),
        runtime=("Runtime",),
    )

__all__ = ["Harness", "Runtime", "check_profile"]
