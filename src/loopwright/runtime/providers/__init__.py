"""Model providers: a conversation in no API's form becomes requests of one, and its answers become replies."""

from __future__ import annotations

from loopwright.runtime.providers._sdk import Provider
from loopwright.runtime.providers._transport import GatewayClient, Wire
from loopwright.runtime.providers.preview import request_bytes
from loopwright.runtime.providers.registry import ADAPTERS, open_provider, read_reply
from loopwright.runtime.providers.types import (
    Answered,
    Api,
    Chunk,
    Entry,
    ModelError,
    OnText,
    Params,
    Prompt,
    Reply,
    Request,
    Results,
    Said,
)

__all__ = [
    "ADAPTERS",
    "Answered",
    "Api",
    "Chunk",
    "Entry",
    "GatewayClient",
    "ModelError",
    "OnText",
    "Params",
    "Prompt",
    "Provider",
    "Reply",
    "Request",
    "Results",
    "Said",
    "Wire",
    "open_provider",
    "read_reply",
    "request_bytes",
]
