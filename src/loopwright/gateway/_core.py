"""What the endpoints of one gateway share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loopwright.gateway._activity import Activity
    from loopwright.gateway._ledger import Ledger
    from loopwright.gateway.gateway import Backend
    from loopwright.gateway.spec import ModelSpec
    from loopwright.record import Limits

__all__ = ["BeforeCall", "Core", "OnNotice", "OnText", "Served"]

BeforeCall = Callable[[frozenset[str]], Awaitable[None]]
OnText = Callable[[str, str], None]
OnNotice = Callable[[str, str], None]


@dataclass
class Served:
    """A model, and who answers for it."""

    spec: ModelSpec
    backend: Backend


@dataclass
class Core:
    """One gateway's parts; see `Gateway` for the two callbacks and for the other models."""

    served: Served
    ledger: Ledger
    limits: Callable[[], Limits]
    activity: Activity
    before_call: BeforeCall | None = None
    on_text: OnText | None = None
    others: Mapping[str, Served] = field(default_factory=dict)

    def served_for(self, model: str) -> Served:
        """Who answers a request that names this model: whoever it is, unless it is one of the other models."""
        return self.others.get(model, self.served)
