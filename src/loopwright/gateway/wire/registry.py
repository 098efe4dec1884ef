"""All wire formats; a new one is a folder and a line here."""

from __future__ import annotations

from loopwright.gateway.wire.chat import ChatWire
from loopwright.gateway.wire.messages import MessagesWire
from loopwright.gateway.wire.neutral import Wire
from loopwright.gateway.wire.responses import ResponsesWire

__all__ = ["WIRES"]

WIRES: tuple[Wire, ...] = (ChatWire(), ResponsesWire(), MessagesWire())
