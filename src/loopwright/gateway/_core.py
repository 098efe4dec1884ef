"""What the endpoints of one gateway share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loopwright.gateway._activity import Activity
    from loopwright.gateway._ledger import Ledger
    from loopwright.gateway.gateway import Backend
    from loopwright.gateway.spec import ModelSpec
    from loopwright.record import Limits

__all__ = ["BeforeCall", "Core", "OnNotice", "OnText"]

BeforeCall = Callable[[], Awaitable[None]]
OnText = Callable[[str, str], None]
OnNotice = Callable[[str, str], None]


@dataclass
class Core:
    """One gateway's parts; see `Gateway` for the two callbacks."""

    spec: ModelSpec
    backend: Backend
    ledger: Ledger
    limits: Callable[[], Limits]
    activity: Activity
    before_call: BeforeCall | None = None
    on_text: OnText | None = None
